/**
 * A stock Firefox (no WebGPU on Linux): loads, trains, draws, runs experiments in workers, and reaches the same
 * numbers as Chromium to the last bit. FIREFOX names the browser; "skip:reason" skips the file.
 *
 * Driven by puppeteer-core over WebDriver BiDi: Playwright's moz-firefox asks for a command that Firefox 153 ESR lacks
 * (emulation.setMediaFeaturesOverride).
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { open, start } from "./harness.mjs";

const FIREFOX =
  process.env.FIREFOX ??
  ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync) ??
  "skip:there is no Firefox";
const skip = FIREFOX.startsWith("skip:") ? FIREFOX.slice("skip:".length) : false;

/** Before the page's own scripts: keeps what it saves and what its policy blocks. */
function watch() {
  window.saved = [];
  window.blocked = [];
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    window.saved.push(blob);
    return create.call(URL, blob);
  };
  document.addEventListener("securitypolicyviolation", (event) =>
    window.blocked.push(`${event.violatedDirective} ${event.blockedURI}`),
  );
}

/** In the page: presses the button and waits until the state is reached. */
async function press([root, label, phase]) {
  const lab = document.querySelector(root);
  const named = (button) =>
    (button.getAttribute("aria-label") ?? button.textContent.trim()) === label;
  const button =
    label === "run"
      ? lab.querySelector("button.run")
      : [...lab.querySelectorAll("button")].find(named);
  button.click();
  const waits = Date.now() + 60_000;
  while (lab.dataset.phase !== phase) {
    if (Date.now() > waits) throw new Error(`still ${lab.dataset.phase} after ${label}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** In the page: every number of every run, as saved. */
async function numbers([root, label]) {
  const buttons = [...document.querySelector(root).querySelectorAll("button")];
  const name = (button) => button.getAttribute("aria-label") ?? button.textContent.trim();
  window.saved = [];
  buttons.find((button) => new RegExp(label).test(name(button))).click();
  return JSON.parse(await window.saved[0].text()).runs;
}

/** The same once every rule has been measured at that step, which takes some frames after the pause. */
async function measuredAt(page, step) {
  const patience = Date.now() + 30_000;
  for (;;) {
    const runs = await page.evaluate(numbers, [LAB, "^JSON$"]);
    if (runs.every(({ metrics }) => metrics.at(-1)?.step === step)) return runs;
    assert.ok(Date.now() < patience, `not measured at ${step}`);
  }
}

const LAB = ".lab";
const EXPERIMENT = ".experiment-body";
const TRAINING = "task=classifier&rules=np,bp,fa,sign&seed=11";
const THEOREM = "?preset=theorem1&seeds=2&steps=300";

describe("firefox", { skip }, () => {
  /** @type {Awaited<ReturnType<typeof start>>} */
  let env;
  /** @type {import("puppeteer-core").Browser} */
  let browser;
  before(async () => {
    env = await start();
    browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: FIREFOX,
      headless: true,
    });
  });
  after(async () => {
    await browser?.close();
    await env?.close();
  });

  async function visit(address) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    const errors = [];
    const foreign = [];
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      // The browser's own parts ask for data: addresses of theirs.
      const url = request.url();
      if (url.startsWith("http") && !url.startsWith(env.site.url)) foreign.push(url);
    });
    await page.evaluateOnNewDocument(watch);
    await page.goto(`${env.site.url}${address}`);
    return { page, errors, foreign };
  }

  async function assertQuiet({ page, errors, foreign }) {
    assert.deepEqual(errors, [], "the console stayed empty");
    assert.deepEqual(foreign, [], "no request left the site");
    assert.deepEqual(await page.evaluate(() => window.blocked), [], "the policy blocked nothing");
  }

  test("loads, trains on the processor, and every number is Chromium's", async () => {
    const visited = await visit(`#${TRAINING}`);
    const { page } = visited;
    await page.waitForSelector('.lab[data-phase="ready"]', { timeout: 60_000 });
    assert.match(
      await page.$eval(".device [role=status]", (e) => e.textContent),
      /processor|WebGPU/,
    );
    await page.evaluate(press, [LAB, "1,000 steps", "paused"]);
    const here = await measuredAt(page, 1000);

    const chromium = await open(env, { params: `${TRAINING}&compute=cpu`, before: watch });
    await chromium.page.evaluate(press, [LAB, "1,000 steps", "paused"]);
    const there = await measuredAt(chromium.page, 1000);
    await chromium.close();

    assert.equal(here.length, 4);
    for (const [i, run] of here.entries()) {
      assert.deepEqual(run, there[i]);
    }

    // Charts have ink: more than one colour on every canvas in sight.
    await page.waitForFunction(() =>
      [
        ...document.querySelectorAll('[data-figure="loss"] canvas, [data-figure="error"] canvas'),
      ].every((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size > 10;
      }),
    );
    await page.evaluate(press, [LAB, "run", "running"]);
    await page.waitForFunction(
      () => Number(document.querySelector(".status dd").textContent.replace(",", "")) > 1010,
    );
    await page.evaluate(press, [LAB, "run", "paused"]);
    await assertQuiet(visited);
    await page.close();
  });

  test("an experiment runs in workers, with Chromium's numbers", async () => {
    const visited = await visit(THEOREM);
    const { page } = visited;
    await page.waitForSelector(EXPERIMENT, { timeout: 60_000 });
    await page.evaluate(press, [EXPERIMENT, "run", "finished"]);
    const said = await page.$eval(EXPERIMENT, (body) => body.textContent);
    assert.doesNotMatch(said, /no background threads/);
    const here = await page.evaluate(numbers, [EXPERIMENT, "Save all rows.*configurations"]);

    const chromium = await open(env, { query: THEOREM, before: watch, ready: false });
    await chromium.page.locator(EXPERIMENT).waitFor();
    await chromium.page.evaluate(press, [EXPERIMENT, "run", "finished"]);
    const there = await chromium.page.evaluate(numbers, [
      EXPERIMENT,
      "Save all rows.*configurations",
    ]);
    await chromium.close();
    assert.ok(here.length >= 4 && here.every((run) => run.state === "done"));
    assert.deepEqual(here, there);
    await assertQuiet(visited);
    await page.close();
  });
});
