/**
 * Plain-text notation from the core as readable symbols: `lambda_hat`, `e_{l+1}`, `B^T`, `L~`.
 * Produces text nodes with <sub> and <sup>, never markup from strings.
 */
import { h } from "./dom";

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/lambda_hat/g, "λ̂"],
  [/\blambda/g, "λ"],
  [/\beta/g, "η"],
  [/\bgamma\b/g, "γ"],
  [/\bkappa\b/g, "κ"],
  [/\bxi\b/g, "ξ"],
  [/\bxi(?=[_^])/g, "ξ"],
  [/L~/g, "L̃"],
  [/act'/g, "σ′"],
  [/<-/g, "←"],
  [/-=/g, "−="],
  [/ - /g, " − "],
  [/ \* /g, " ∘ "],
];

export function symbols(text: string): (Node | string)[] {
  const pretty = WORDS.reduce((s, [from, to]) => s.replace(from, to), text);
  const parts: (Node | string)[] = [];
  const script = /([_^])(\{[^}]*\}|[A-Za-z0-9]+)/g;
  let at = 0;
  for (const match of pretty.matchAll(script)) {
    if (match.index > at) parts.push(pretty.slice(at, match.index));
    const inner = (match[2] ?? "").replace(/^\{|\}$/g, "").replace(/-/g, "−");
    parts.push(h(match[1] === "_" ? "sub" : "sup", {}, inner));
    at = match.index + match[0].length;
  }
  if (at < pretty.length) parts.push(pretty.slice(at));
  return parts;
}
