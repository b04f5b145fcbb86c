/**
 * Cuts the page's font of formulas out of the npm package `@fontsource/stix-two-math`: of its 5,000 glyphs those that a
 * formula here may need. Its MATH table stays, which says where scripts, accents and fractions go; browsers that find no
 * font with one, as on most Linux and Android machines, guess, and guess badly.
 *
 * Two alphabets rather than the letters in use today: a new formula then needs no thought, for 10 KB more.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { fontOut, pretty } from "./lib/paths.mjs";
import { Failure, kilobytes, launch, say } from "./lib/terminal.mjs";

const require = createRequire(import.meta.url);

/**
 * It comes without types, and only when it is used: these scripts run before any npm package is there.
 * @returns {(font: Buffer, text: string, options: { targetFormat: "woff2" | "truetype", noHinting: boolean, keepFeatures: string[] }) => Promise<Buffer>}
 */
const subsetter = () => require("subset-font");

const PACKAGE = "@fontsource/stix-two-math";

/** Bytes that a page may load for its formulas to look right. */
export const FONT_LIMIT = 40_000;

/** @param {string} char */
const code = (char) => char.codePointAt(0) ?? 0;

/** @param {string} first @param {string} last */
const range = (first, last) =>
  Array.from({ length: code(last) - code(first) + 1 }, (_, i) =>
    String.fromCodePoint(code(first) + i),
  );

const UPRIGHT = [...range("A", "Z"), ...range("a", "z"), ...range("0", "9"), ..."ΓΔΘΛΠΣΦΨΩ"];
/** Browsers write a variable of one letter with characters of their own; h is missing there, for it is Planck's constant. */
const ITALIC = [
  ...[...range("𝐴", "𝑔"), "ℎ", ...range("𝑖", "𝑧")],
  ...[...range("α", "ω"), ...range("𝛼", "𝜔"), "∂", "𝜕"],
];
const SIGNS = [..." ()[]{}|‖⟨⟩,.:;!=≈≠<>≤≥+−±×·∘/∑∏√∞∈←→⊤′″~^ˆ˜\u0302\u0303"];

/** Every character that formulas may use, as they are written and as browsers show them. */
export const CHARACTERS = [...new Set([...UPRIGHT, ...ITALIC, ...SIGNS])].join("");

/** @param {"woff2" | "truetype"} [targetFormat] */
export function mathFont(targetFormat = "woff2") {
  const whole = readFileSync(
    require.resolve(`${PACKAGE}/files/stix-two-math-latin-400-normal.woff2`),
  );
  // Its features are for text in other languages, hints for screens of long ago.
  return subsetter()(whole, CHARACTERS, { targetFormat, noHinting: true, keepFeatures: [] });
}

/** @param {string} [folder] */
export async function packFont(folder = fontOut) {
  const font = await mathFont();
  if (font.length > FONT_LIMIT) {
    throw new Failure(`cutting the font out of the npm package \`${PACKAGE}\``, {
      cause: `it has ${kilobytes(font.length)}, more than ${kilobytes(FONT_LIMIT)}`,
      remedy: "look at CHARACTERS in scripts/subset-font.mjs",
    });
  }
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "math.woff2");
  writeFileSync(file, font);
  copyFileSync(require.resolve(`${PACKAGE}/LICENSE`), path.join(folder, "OFL.txt"));
  say(`${pretty(file)}: ${[...CHARACTERS].length} characters, ${kilobytes(font.length)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) launch(() => packFont());
