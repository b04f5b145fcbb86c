/** What must be quick: the first step, and the frames of a page in which networks train. Runs alone: it measures time. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { frameTimes, open, runButton, start } from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

/** Quantiles of sorted times, and how they read in a failure. */
function quantiles(times) {
  const at = (q) => times[Math.floor(times.length * q)];
  const shown = `of ${times.length}: median ${at(0.5).toFixed(1)}, 95 % ${at(0.95).toFixed(1)} ms`;
  return { at, shown };
}

describe("frames", () => {
  test("the first training step comes within 300 ms of Run", async () => {
    const { page, close } = await open(env);
    await page.waitForTimeout(500);
    const took = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const shown = document.querySelector(".status dd");
          const started = performance.now();
          const watch = () =>
            shown.textContent === "0"
              ? requestAnimationFrame(watch)
              : resolve(performance.now() - started);
          document.querySelector("button.run").click();
          requestAnimationFrame(watch);
        }),
    );
    assert.ok(took < 300, `${took.toFixed(0)} ms`);
    await close();
  });

  test("while six networks train, frames stay short", async () => {
    const { page, close } = await open(env, { params: "rules=np,bp,fa,dfa,sg,sign" });
    await page.waitForTimeout(500);
    const times = await frameTimes(page, runButton(page));
    const { at, shown } = quantiles(times);
    assert.ok(times.length > 60, shown);
    assert.ok(at(0.5) < 14, shown);
    assert.ok(at(0.95) < 50, shown);
    await close();
  });

  test("while workers run, the page's frames stay short", async () => {
    const opened = await open(env, { query: "?preset=fig3&seeds=1&steps=2000", ready: false });
    const { page } = opened;
    const body = page.locator(".experiment-body");
    await body.waitFor({ timeout: 60_000 });
    const times = await frameTimes(page, body.locator("button.run"));
    const { at, shown } = quantiles(times);
    assert.ok(times.length > 5, shown);
    assert.ok(times.length < 6 * 4 * 9, `drawn at most four times a second: ${shown}`);
    assert.ok(at(0.5) < 14, shown);
    // Single frames may wait for a busy machine; what counts is how much of the time drawing takes.
    const share = times.reduce((a, b) => a + b, 0) / 6000;
    assert.ok(share < 0.25, `${(100 * share).toFixed(0)} % of the time, ${shown}`);
    await opened.close();
  });
});
