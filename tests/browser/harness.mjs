/**
 * What every browser test needs: a browser, the served site, a page whose console and requests are
 * watched, and a few readers of what the page shows. CHROMIUM names the browser, DIST the built site.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { BROWSER_FLAGS, dashed, GPU_FLAGS } from "../../scripts/lib/browser-flags.mjs";
import { CHARACTERS } from "../../scripts/subset-font.mjs";
import { serveSite } from "./server.mjs";

/** The built site. */
export const DIST = process.env.DIST ?? fileURLToPath(new URL("../../dist", import.meta.url));
const CHROMIUM =
  process.env.CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What Chromium itself says when a page asks for a GPU and there is none; no page can prevent it. */
const NO_ADAPTER = "No available adapters.";

/** Starts browser and server once for a test file; with `gpu`, the browser has a (software) WebGPU adapter. */
export async function start({ gpu = false, flags = [] } = {}) {
  if (CHROMIUM === undefined)
    throw new Error("no Chromium: install it or set CHROMIUM to its path");
  const site = await serveSite(DIST);
  const args = dashed([...BROWSER_FLAGS, ...(gpu ? GPU_FLAGS : []), ...flags]);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args, headless: true });
  return {
    site,
    browser,
    close: async () => {
      await browser.close();
      await site.close();
    },
  };
}

/**
 * Opens the page and returns it with what it complained about. `params` is the part after "#",
 * `before` a function that runs in the page before its own scripts.
 * @param {Awaited<ReturnType<typeof start>>} env
 */
export async function open(
  env,
  { params = "", query = "", context = {}, ready = true, before = null } = {},
) {
  const ctx = await env.browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    ...context,
  });
  const page = await ctx.newPage();
  const errors = [];
  const foreign = [];
  page.on("console", (message) => {
    const bad = message.type() === "error" || message.type() === "warning";
    if (bad && message.text() !== NO_ADAPTER) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && !request.url().startsWith(env.site.url)) {
      foreign.push(request.url());
    }
  });
  if (before !== null) await page.addInitScript(before);
  await page.goto(`${env.site.url}${query}${params === "" ? "" : `#${params}`}`);
  if (ready) await page.locator('.lab[data-phase="ready"]').waitFor({ timeout: 30_000 });
  return { page, errors, foreign, close: () => ctx.close() };
}

export const runButton = (page) => page.locator(".lab button.run");
export const figure = (page, id) => page.locator(`[data-figure="${id}"]`);
export const notice = (page, id) => page.locator(`[data-notice="${id}"]`);

export async function waitPhase(page, phase, timeout = 60_000) {
  await page.locator(`.lab[data-phase="${phase}"]`).waitFor({ timeout });
}

/** The line that says where the runs compute, and why. */
export const deviceLine = (page) => page.locator(".device [role=status]");

/** Waits until that line reads as wanted, and returns it. */
export async function waitDevice(page, pattern, timeout = 60_000) {
  const line = deviceLine(page).filter({ hasText: pattern });
  await line.waitFor({ timeout });
  return (await line.textContent()) ?? "";
}

/** The iteration shown in the bar. */
export async function iteration(page) {
  const text = await page.locator(".status dd").first().textContent();
  return Number((text ?? "").replaceAll(",", ""));
}

export async function waitIteration(page, atLeast, timeout = 60_000) {
  await page.waitForFunction(
    (n) => {
      const text = document.querySelector(".status dd")?.textContent ?? "";
      return Number(text.replaceAll(",", "")) >= n;
    },
    atLeast,
    { timeout, polling: 100 },
  );
}

/** Exactly n steps from where the run stands, until every rule has been measured there. */
export async function stepTo(page, label, target) {
  await page.getByRole("button", { name: label, exact: true }).click();
  await waitIteration(page, target);
  await waitPhase(page, "paused");
}

/** The data table of a figure as an array of rows, header first. */
export async function table(page, id) {
  const fig = figure(page, id);
  await fig.scrollIntoViewIfNeeded();
  const details = fig.locator("details.table");
  if ((await details.getAttribute("open")) === null) await details.locator("summary").click();
  await fig.locator("table").waitFor();
  // Tables follow the chart at a calm pace; one that was open already may lag by a second.
  await page.waitForTimeout(1300);
  return fig
    .locator("table")
    .evaluate((t) => [...t.rows].map((r) => [...r.cells].map((c) => c.textContent ?? "")));
}

/** A downloaded file's bytes. */
export async function download(page, action) {
  const [file] = await Promise.all([page.waitForEvent("download"), action()]);
  const stream = await file.createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
}

/** Drops files on the instrument, as from the desktop. */
export async function drop(page, files) {
  const encoded = files.map(({ name, bytes }) => ({
    name,
    data: Buffer.from(bytes).toString("base64"),
  }));
  await page.locator(".lab").evaluate((lab, items) => {
    const transfer = new DataTransfer();
    for (const { name, data } of items) {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    for (const type of ["dragenter", "dragover", "drop"]) {
      lab.dispatchEvent(
        new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }),
      );
    }
  }, encoded);
}

/** Nothing was complained about, and nothing was fetched from anywhere else. */
export function assertQuiet({ errors, foreign }) {
  assert.deepEqual(errors, [], "the console stayed empty");
  assert.deepEqual(foreign, [], "no request left the site");
}

/** All rules that axe has, best practices included; `more` names rules that it applies only when asked. */
export async function assertAccessible(page, more = []) {
  // The page's policy forbids inline scripts, as it should; the debugger's door is not bound by it.
  await page.evaluate(axe);
  const violations = await page.evaluate(async (asked) => {
    const rules = Object.fromEntries(asked.map((id) => [id, { enabled: true }]));
    const found = await globalThis.axe.run(document, { rules });
    return found.violations.map(
      (v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`,
    );
  }, more);
  assert.deepEqual(violations, []);
}

/** Formulas are set in the font that comes along, which has all their characters. */
export async function assertFormulas(page) {
  const math = page.locator("math");
  await math.first().waitFor({ state: "attached" });
  const text = (await math.allTextContents()).join("").replace(/\s/g, "");
  const missing = [...new Set(text)].filter((char) => !CHARACTERS.includes(char));
  assert.deepEqual(missing, []);
  const used = await math.evaluateAll((all) => all.map((m) => getComputedStyle(m).fontFamily));
  assert.deepEqual([...new Set(used)], ['"Credit Lab Math", math']);
  await page.waitForFunction(() => [...document.fonts].some(({ status }) => status === "loaded"));
  const faces = await page.evaluate(() => [...document.fonts].map(({ family }) => family));
  assert.deepEqual(
    faces.map((family) => family.replaceAll('"', "")),
    ["Credit Lab Math"],
  );
}

/** Presses a Run button; milliseconds of the page's own frames in the six seconds after it, sorted. */
export async function frameTimes(page, button) {
  await page.evaluate(() => {
    window.frameTimes = [];
    const request = window.requestAnimationFrame.bind(window);
    // What the page itself does in a frame, without what else the machine is busy with.
    window.requestAnimationFrame = (callback) =>
      request((t) => {
        const begun = performance.now();
        callback(t);
        window.frameTimes.push(performance.now() - begun);
      });
  });
  await button.click();
  await page.waitForTimeout(6000);
  return page.evaluate(() => window.frameTimes.sort((a, b) => a - b));
}

/** Drops a file that is no good; what the page says of it, after dismissing it. */
export async function refusal(page, file) {
  await drop(page, [file]);
  const message = notice(page, "digits").and(page.locator(".error"));
  await message.waitFor();
  const text = (await message.textContent()) ?? "";
  assert.ok(text.startsWith(file.name), text);
  assert.match(text, /The images loaded before are still in place/);
  await message.getByRole("button", { name: "Dismiss" }).click();
  return text;
}
