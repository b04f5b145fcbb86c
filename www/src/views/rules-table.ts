/** The rules in words for the article: name, equation, one sentence, source. Filled from the core. */
import { h } from "../dom";
import type { RuleInfo } from "../engine/protocol";
import { M } from "../messages";
import { displayed, prose } from "../symbols";

export function rulesTable(rules: readonly RuleInfo[]): HTMLElement {
  const { rule, equation, source } = M.rulesTable;
  return h(
    "table",
    { class: "rules-table" },
    h(
      "thead",
      {},
      h("tr", {}, ...[rule, equation, source].map((t) => h("th", { scope: "col" }, t))),
    ),
    h(
      "tbody",
      {},
      ...rules.map((info) =>
        h(
          "tr",
          {},
          h(
            "th",
            { scope: "row" },
            h("span", { class: "swatch", "data-rule": info.id }),
            h("span", { class: "rule-short" }, info.short),
            h("span", { class: "rule-name" }, info.label),
          ),
          h(
            "td",
            {},
            h("p", {}, ...prose(info.summary)),
            ...info.equation.split(/;\s*|,\s{2,}/).map(equationLine),
          ),
          h("td", { class: "source" }, info.citation),
        ),
      ),
    ),
  );
}

/** What holds beside an equation is said in words: "B fixed and random". */
function equationLine(text: string): HTMLElement {
  const formula = /=|<-/.test(text);
  return h("div", { class: "equation" }, ...(formula ? [displayed(text)] : prose(text)));
}
