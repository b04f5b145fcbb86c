/** MathML by DOM: the page's policy allows no markup strings, and screen readers get `alttext`. */
const MATHML = "http://www.w3.org/1998/Math/MathML";

type Part = Element | string;

/** A string is an identifier when it is a letter, a number when it is one, else an operator. */
export function part(p: Part): Element {
  if (typeof p !== "string") return p;
  if (/^[\d.]+$/.test(p)) return leaf("mn", p);
  return leaf(/^[\p{L}\u03b1-\u03c9]+$/u.test(p) ? "mi" : "mo", p);
}

function leaf(tag: string, text: string): Element {
  const element = document.createElementNS(MATHML, tag);
  element.textContent = text;
  return element;
}

function node(tag: string, ...parts: readonly Part[]): Element {
  const element = document.createElementNS(MATHML, tag);
  for (const p of parts) element.append(part(p));
  return element;
}

export const row = (...parts: readonly Part[]): Element => node("mrow", ...parts);
export const sup = (base: Part, top: Part): Element => node("msup", base, top);
export const sub = (base: Part, low: Part): Element => node("msub", base, low);
export const frac = (top: Part, low: Part): Element => node("mfrac", top, low);
export const paren = (...parts: readonly Part[]): Element => row("(", ...parts, ")");

/** x with a tilde or a hat. */
export function over(base: Part, accent: string): Element {
  const element = node("mover", base, accent);
  element.setAttribute("accent", "true");
  return element;
}

export const tilde = (base: Part): Element => over(base, "~");
export const hat = (base: Part): Element => over(base, "^");

/** Upright, as names of more than one letter and the sign of transposition are. */
export function upright(text: string): Element {
  const element = leaf("mi", text);
  element.setAttribute("mathvariant", "normal");
  return element;
}

export function equation(alttext: string, ...parts: readonly Part[]): Element {
  const math = node("math", ...parts);
  math.setAttribute("display", "block");
  math.setAttribute("alttext", alttext);
  return math;
}
