/** Beside the diagram: what happens in this phase, its equation, and the numbers of the unit that is looked at. */
import { h, setText } from "../../dom";
import { NETWORK as N } from "../../messages/network";
import { prose, symbols } from "../../symbols";
import type { Palette } from "../palette";
import { equationsOf } from "./equations";
import { depthOf, drawsPicture, type NetworkData, unitsOf } from "./model";
import { type PhaseId, stepAnchor, toldIn } from "./phases";
import { signedCanvas } from "./scene";
import { phaseRows, type Row, type UnitAt, unitTitle } from "./values";

export interface PhaseWords {
  readonly short: string;
  readonly title: string;
  readonly text: string;
}

export function wordsOf(
  phase: PhaseId | "live",
  rule: { id: string; perturbs?: boolean; learns_feedback: boolean },
): PhaseWords {
  if (phase !== "live") {
    const make = N.phases[phase] as (given: string | boolean) => PhaseWords;
    return make(phase === "loss" ? rule.perturbs === true : rule.id);
  }
  const o = N.overview;
  const short = N.liveText;
  if (rule.id === "bp") return { short, title: o.titleBp, text: o.bp };
  if (rule.id === "perturb") return { short, title: o.titlePerturb, text: o.perturb };
  return { short, title: o.title, text: o.text(rule.learns_feedback ? o.learned : o.fixed) };
}

export class Panel {
  readonly element: HTMLElement;
  private readonly kicker = h("p", { class: "network-kicker" });
  /** Leads to the text on this phase, where the page has one. */
  private readonly titleText = h("a", {});
  private readonly title = h("h4", { hidden: true }, this.titleText);
  private readonly text = h("p", { class: "network-text" });
  private readonly equations = h("div", { class: "network-equations" });
  private readonly unitName = h("p", { class: "network-unit" });
  private readonly rows = h("dl", { class: "network-rows" });
  private readonly field = h("figure", { class: "network-field", hidden: true });
  private said = "";
  private written = "";
  private fieldOf = "";

  constructor() {
    const values = h(
      "div",
      { class: "network-values", "aria-live": "off" },
      h("div", { class: "network-numbers" }, this.unitName, this.rows),
      this.field,
    );
    this.element = h(
      "div",
      { class: "network-panel" },
      h("div", { class: "network-words" }, this.kicker, this.title, this.text, this.equations),
      values,
    );
  }

  show(
    data: NetworkData,
    phase: PhaseId | "live",
    phases: readonly PhaseId[],
    at: UnitAt,
    palette: Palette,
  ): void {
    const words = wordsOf(phase, data.rule);
    const n = phase === "live" ? 0 : phases.indexOf(phase) + 1;
    setText(this.kicker, phase === "live" ? N.liveText : N.phaseOf(n, phases.length));
    setText(this.titleText, words.title);
    this.title.hidden = false;
    this.linkTitle(phase === "live" ? null : toldIn(data.rule, phase));
    this.say(words.text);
    const { config } = data.moment;
    const key = [phase, data.rule.id, config.feedback, config.optimizer, config.loss].join();
    if (key !== this.written) {
      this.written = key;
      const math = phase === "live" ? [] : equationsOf(phase, data.rule, config);
      this.equations.replaceChildren(...math);
    }
    // The loss is the digit's, not a unit's.
    setText(this.unitName, phase === "loss" ? N.thisDigit : unitTitle(data, at));
    this.rows.replaceChildren(...phaseRows(data, phase, at).map(rowElement));
    this.showField(data, at, palette);
    if (phase === "loss") this.field.hidden = true;
  }

  /** An id of the page means nothing in a shadow root. */
  private linkTitle(step: PhaseId | null): void {
    const root = this.element.getRootNode();
    const anchor = step === null ? "" : stepAnchor(step);
    const found = root instanceof Document && root.getElementById(anchor) !== null;
    if (found) {
      this.titleText.href = `#${anchor}`;
      this.titleText.title = N.links.told;
    } else {
      this.titleText.removeAttribute("href");
      this.titleText.removeAttribute("title");
    }
  }

  private say(text: string): void {
    if (text === this.said) return;
    this.said = text;
    this.text.replaceChildren(...prose(text));
  }

  /** Colours changed: the picture is to be made anew. */
  restyle(): void {
    this.fieldOf = "";
  }

  private showField(data: NetworkData, at: UnitAt, palette: Palette): void {
    const found = fieldOf(data, at);
    this.field.hidden = found === null;
    if (found === null) return;
    const key = `${data.rule.id}/${data.moment.view.step}/${at.layer}/${at.unit}`;
    if (key === this.fieldOf) return;
    this.fieldOf = key;
    const canvas = signedCanvas(found.weights, data, palette);
    if (canvas === null) return;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", found.name);
    this.field.replaceChildren(canvas, h("figcaption", {}, found.caption));
  }
}

/** The picture that a unit looks for in the input, or draws into the output. */
export function fieldOf(
  data: NetworkData,
  at: UnitAt,
): { weights: Float32Array; caption: string; name: string } | null {
  const { moment } = data;
  const depth = depthOf(moment);
  const title = unitTitle(data, at);
  if (at.layer === 1) {
    const n = unitsOf(moment, 0);
    const weights = moment.w[0]?.subarray(at.unit * n, (at.unit + 1) * n);
    if (weights === undefined) return null;
    return { weights, caption: N.field.receptive, name: N.field.receptiveName(title) };
  }
  if (at.layer === depth - 1 && drawsPicture(moment)) {
    const n = unitsOf(moment, at.layer);
    const all = moment.w[depth - 1];
    if (all === undefined) return null;
    const weights = Float32Array.from(
      { length: unitsOf(moment, depth) },
      (_, j) => all[j * n + at.unit] ?? 0,
    );
    return { weights, caption: N.field.projective, name: N.field.projectiveName(title) };
  }
  return null;
}

function rowElement({ symbol, label, value, bar, tone }: Row): HTMLElement {
  const dd = h("dd", {}, value);
  if (bar !== undefined) {
    const fill = h("span", { class: bar < 0 ? "network-share minus" : "network-share" });
    fill.style.setProperty("--share", String(Math.abs(bar)));
    dd.append(h("span", { class: "network-share-room" }, fill));
  }
  const name = h("span", { class: "row-name" }, label);
  return h(
    "div",
    { "data-tone": tone ?? null },
    h("dt", {}, symbol === "" ? null : h("span", { class: "row-symbol" }, symbols(symbol)), name),
    dd,
  );
}
