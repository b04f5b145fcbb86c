/**
 * The page's stylesheets, made over for a shadow root: the root of the document becomes the host, widths
 * of the window become widths of the element, and rem no longer depends on the embedding page.
 */
const FILES = import.meta.glob<string>(
  [
    "../styles/*.css",
    "!../styles/page.css",
    "!../styles/article.css",
    "!../styles/embed.css",
    "!../styles/fonts.css",
    "!../styles/experiments.css",
  ],
  { query: "?inline", import: "default", eager: true },
);

/** Sheets whose place in the cascade matters; the rest stands between them and the element's own. */
const FIRST = ["base", "tokens", "lab", "plot"];
const LAST = ["element"];

/** Size of the page's letters, in CSS pixels, for which the sheets were written. */
const REM = 16;
const LENGTH = /(?<![\w.#-])(-?(?:\d+\.?\d*|\.\d+))rem\b/g;

export function forShadow(css: string): string {
  return css
    .replace(/:root:not\(\[data-theme="?(\w+)"?\]\)/g, ':host(:not([theme="$1"]))')
    .replace(/:root\[data-theme="?(\w+)"?\]/g, ':host([theme="$1"])')
    .replace(/:root\b/g, ":host")
    .replace(/@(?:media|container)[^{]*\{/g, condition)
    .replace(LENGTH, "calc($1 * var(--rem))");
}

/** Figures are containers, too: what asked for the window's width asks for the whole element's, by name. */
function condition(rule: string): string {
  const ofWidth = /^@media/.test(rule) && /\b(?:min-width|max-width|width)\b/.test(rule);
  const own = ofWidth
    ? rule.replace("@media", "@container instrument").replace(/\b(?:only )?screen and /g, "")
    : rule;
  // A condition takes no custom property.
  return own.replace(LENGTH, (_, n: string) => `${Number(n) * REM}px`);
}

function rank(path: string): number {
  const name = /([\w-]+)\.css/.exec(path)?.[1] ?? "";
  const first = FIRST.indexOf(name);
  if (first >= 0) return first;
  return LAST.includes(name) ? FIRST.length + 1 : FIRST.length;
}

/** Names of the sheets in their order, for a test that none is forgotten. */
export function sheetOrder(paths: readonly string[] = Object.keys(FILES)): string[] {
  return [...paths].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

let sheet: CSSStyleSheet | null = null;

/** One sheet for all elements of the page. Constructed sheets need no permission from a style-src policy. */
export function shadowSheet(): CSSStyleSheet {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    const css = sheetOrder().map((path) => forShadow(FILES[path] ?? ""));
    sheet.replaceSync(`:host{--rem:${REM}px}\n${css.join("\n")}`);
  }
  return sheet;
}
