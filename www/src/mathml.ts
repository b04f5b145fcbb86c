/** MathML by DOM: the page's policy allows no markup strings, and screen readers get `alttext`. */
const MATHML = "http://www.w3.org/1998/Math/MathML";

export type Part = Element | string;

/** A string is an identifier when it is a letter, a number when it is one, else an operator. */
export function part(p: Part): Element {
  if (typeof p !== "string") return p;
  if (/^[\d.]+$/.test(p)) return leaf("mn", p);
  // Browsers leave it less room than to the other signs between two terms.
  if (p === "∘") return sign(p, "0.22em");
  return leaf(/^[\p{L}\u03b1-\u03c9∂]+$/u.test(p) ? "mi" : "mo", p);
}

function leaf(tag: string, text: string): Element {
  const element = document.createElementNS(MATHML, tag);
  element.textContent = text;
  return element;
}

/** A sign with this much room on either side. */
function sign(text: string, room: string): Element {
  const element = leaf("mo", text);
  element.setAttribute("lspace", room);
  element.setAttribute("rspace", room);
  return element;
}

function node(tag: string, ...parts: readonly Part[]): Element {
  const element = document.createElementNS(MATHML, tag);
  for (const p of parts) element.append(part(p));
  return element;
}

/** A bracket or an accent of one size, whatever it belongs to, as in print. */
function still(text: string): Element {
  const element = leaf("mo", text);
  element.setAttribute("stretchy", "false");
  return element;
}

function space(width: string): Element {
  const element = node("mspace");
  element.setAttribute("width", width);
  return element;
}

export const row = (...parts: readonly Part[]): Element => node("mrow", ...parts);
export const sup = (base: Part, top: Part): Element => node("msup", base, top);
export const sub = (base: Part, low: Part): Element => node("msub", base, low);
export const subsup = (base: Part, low: Part, top: Part): Element =>
  node("msubsup", base, low, top);

export const paren = (...parts: readonly Part[]): Element => row(still("("), ...parts, still(")"));
/** To a power, or transposed. The script belongs to the bracket: beside the whole it would fly above it. */
export const power = (top: Part, ...parts: readonly Part[]): Element =>
  row(still("("), ...parts, sup(still(")"), top));
export const size = (of: Part): Element => row("|", of, "|");

export const frac = (top: Part, low: Part): Element => node("mfrac", top, low);

/** Between a factor and a fraction or a sum: browsers leave nothing there. */
export const thin = (): Element => space("0.16em");
/** Between two factors of which the first has a script. */
export const hair = (): Element => space("0.1em");

/** σ′: of the size of the letter, since the sign is small and high by itself. */
export const prime = (base: Part): Element => row(base, sign("′", "0"));

/** A stroke between neighbours, for where a fraction would be too high. */
export const slash = (): Element => sign("/", "0");

/** x with a tilde or a hat, which neither moves scripts nor enlarges brackets. */
function over(base: Part, accent: string): Element {
  const element = node("mover", base, still(accent));
  element.setAttribute("accent", "true");
  const box = node("mpadded", element);
  box.setAttribute("height", "0.7em");
  return box;
}

export const tilde = (base: Part): Element => over(base, "~");
export const hat = (base: Part): Element => over(base, "ˆ");

/** Upright, as names of more than one letter and the sign of transposition are. */
export function upright(text: string): Element {
  const element = leaf("mi", text);
  element.setAttribute("mathvariant", "normal");
  return element;
}

/** A formula within a line. */
export function formula(alttext: string, ...parts: readonly Part[]): Element {
  const math = node("math", ...parts);
  math.setAttribute("alttext", alttext);
  return math;
}

/** A formula on a line of its own. */
export function equation(alttext: string, ...parts: readonly Part[]): Element {
  const math = formula(alttext, ...parts);
  math.setAttribute("display", "block");
  return math;
}
