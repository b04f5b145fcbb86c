import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { inRoot } from "../lib/paths.mjs";
import { CHARACTERS, FONT_LIMIT, mathFont, packFont } from "../subset-font.mjs";

/** Names of the tables of a font that is not compressed. @param {Buffer} font */
const tables = (font) =>
  Array.from({ length: font.readUInt16BE(4) }, (_, i) =>
    font.toString("latin1", 12 + 16 * i, 16 + 16 * i),
  );

test("the font keeps the measures of formulas", async () => {
  const found = tables(await mathFont("truetype"));
  for (const name of ["MATH", "cmap", "glyf"]) assert.ok(found.includes(name), name);
});

test("it is small, and its licence lies beside it", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "credit-lab-"));
  try {
    await packFont(folder);
    assert.deepEqual(readdirSync(folder).sort(), ["OFL.txt", "math.woff2"]);
    const font = readFileSync(path.join(folder, "math.woff2"));
    assert.ok(font.length < FONT_LIMIT, `${font.length} bytes`);
    assert.equal(font.toString("latin1", 0, 4), "wOF2");
    assert.match(readFileSync(path.join(folder, "OFL.txt"), "utf8"), /SIL OPEN FONT LICENSE/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("it has every character of the formulas in the pages", () => {
  const pages = ["index.html", "article.html"].map((name) => inRoot("www", name));
  for (const page of pages) {
    const formulas = readFileSync(page, "utf8").match(/<math.*?<\/math>/gs) ?? [];
    assert.ok(formulas.length > 10, page);
    const text = formulas.join("").replace(/<[^>]*>|\s/g, "");
    const missing = [...new Set(text)].filter((char) => !CHARACTERS.includes(char));
    assert.deepEqual(missing, [], page);
  }
});
