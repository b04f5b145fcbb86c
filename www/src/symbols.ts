/**
 * Plain-text notation from the core as formulas: `lambda_hat`, `e_{l+1}`, `B^T`, `L~`, `xi / c_h`. Written as the article
 * writes them: the core's index of a layer, `e_l`, becomes the paper's superscript.
 */
import { h } from "./dom";
import {
  equation,
  formula,
  frac,
  hair,
  hat,
  type Part,
  paren,
  part,
  power,
  prime,
  row,
  size,
  slash,
  sub,
  sup,
  thin,
  tilde,
  upright,
} from "./mathml";

const NAMES: Readonly<Record<string, string>> = {
  lambda: "λ",
  eta: "η",
  gamma: "γ",
  kappa: "κ",
  xi: "ξ",
  act: "σ",
};
const SIGNS: Readonly<Record<string, string>> = { "<-": "←", "-": "−", "*": "∘" };

/** A stroke with spaces around it makes a fraction; other spaces only part words. */
const TOKEN = /lambda_hat|[A-Za-z]+|\d+|[_^](?:\{[^}]*\}|[A-Za-z0-9]+)|<-| \/ |\S/gu;
const LAYER = /^(?:l(?:[+-]1)?|out)$/;

/** `eta_W` in a line of text. */
export function symbols(text: string): Element {
  return formula(spoken(text), ...read(tokensOf(text)));
}

/** On a line of its own; `B -= x` is written out. */
export function displayed(text: string): Element {
  const whole = text.replace(/^(\S+) -= /, "$1 <- $1 - ");
  return equation(spoken(whole), ...read(tokensOf(whole)));
}

/** A sentence, in which W and B are the matrices. No line begins with what belongs to one, as in “W’s”. */
export function prose(text: string): (Node | string)[] {
  return text.split(/\b([WB]\b\S*)/).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const [letter = "", rest = ""] = [piece[0], piece.slice(1)];
    return rest === "" ? symbols(letter) : h("span", { class: "tie" }, symbols(letter), rest);
  });
}

const tokensOf = (text: string): string[] => text.match(TOKEN) ?? [];

const spoken = (text: string): string =>
  text
    .replace(/\bact\b/g, "sigma")
    .replace(/ \* /g, " times ")
    .replace(/<-/g, "becomes");

/** Takes tokens up to the end or a closing bracket. */
function read(tokens: string[]): Part[] {
  const parts: Part[] = [];
  for (let token = tokens.shift(); token !== undefined && token !== ")"; token = tokens.shift()) {
    if (token === " / ") parts.push(...fraction(parts, tokens));
    else if (token === "(") parts.push(bracket(tokens));
    else parts.push(...factor(token, tokens));
  }
  return parts;
}

/** What follows an index keeps its distance from it. */
function factor(token: string, tokens: string[]): Part[] {
  const whole = atom(token, tokens);
  const index = typeof whole !== "string" && whole.localName === "msub";
  return index && startsFactor(tokens) ? [whole, hair()] : [whole];
}

const startsFactor = (tokens: readonly string[]): boolean => /^[\p{L}(]/u.test(tokens[0] ?? "");

/** Of the last part and what comes; factors on either side keep their distance. */
function fraction(parts: Part[], tokens: string[]): Part[] {
  const top = parts.pop() ?? "";
  const whole = frac(top, denominator(tokens));
  const before = parts.length > 0 && !isSign(parts.at(-1));
  return [...(before ? [thin()] : []), whole, ...(startsFactor(tokens) ? [thin()] : [])];
}

const isSign = (p: Part | undefined): boolean => typeof p === "string" && /^[=+−←∘]$/.test(p);

/** The stroke of a fraction brackets what is below it. */
function denominator(tokens: string[]): Part {
  const token = tokens.shift() ?? "";
  return token === "(" ? row(...read(tokens)) : atom(token, tokens);
}

function bracket(tokens: string[]): Part {
  const inner = read(tokens);
  const top = script("^", tokens);
  if (top !== null) return power(written(top), ...inner);
  // A product needs no brackets before the sign of another.
  return tokens[0] === "*" && !inner.some(isSign) ? row(...inner) : paren(...inner);
}

function atom(token: string, tokens: string[]): Part {
  if (token === "|") return size(until("|", tokens));
  if (token === "/") return slash();
  if (token === "lambda_hat") return scripted(hat("λ"), tokens);
  if (!/^\p{L}|∂/u.test(token)) return SIGNS[token] ?? token;
  return scripted(accented(NAMES[token] ?? token, tokens), tokens);
}

function until(end: string, tokens: string[]): Part {
  const at = tokens.indexOf(end);
  const inner = tokens.splice(0, at < 0 ? tokens.length : at + 1);
  return row(...read(inner.filter((token) => token !== end)));
}

function accented(name: string, tokens: string[]): Part {
  if (tokens[0] !== "~" && tokens[0] !== "'") return name;
  return tokens.shift() === "~" ? tilde(name) : prime(name);
}

function scripted(base: Part, tokens: string[]): Part {
  const low = script("_", tokens);
  const top = script("^", tokens);
  const layer = low !== null && LAYER.test(low);
  const whole = low === null ? base : (layer ? sup : sub)(base, written(low));
  if (top === null) return whole;
  return layer ? power(written(top), whole) : sup(whole, written(top));
}

/** The next token's text if it is such a script. */
function script(kind: "_" | "^", tokens: string[]): string | null {
  const next = tokens[0] ?? "";
  if (!next.startsWith(kind) || next.length === 1) return null;
  tokens.shift();
  return next.slice(1).replace(/^\{|\}$/g, "");
}

function written(text: string): Part {
  if (text === "T") return upright("⊤");
  const parts = read(tokensOf(text));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? part(only) : row(...parts);
}
