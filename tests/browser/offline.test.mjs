/** Without a network: after one visit everything works, a new version replaces the old, and nothing else is kept. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import {
  assertFormulas,
  assertQuiet,
  DIST,
  open,
  runButton,
  start,
  waitIteration,
  waitPhase,
} from "./harness.mjs";
import { FOLDER, serveSite } from "./server.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

/** Waits until the service worker has everything, and returns the names of the caches. */
const kept = (page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    return caches.keys();
  });

/** Asks the page, whose answer is a promise, until it says yes. */
async function until(page, question) {
  const patience = Date.now() + 20_000;
  while (!(await page.evaluate(question))) {
    assert.ok(Date.now() < patience, `never: ${question}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const shipped = readdirSync(DIST, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== "sw.js" && !entry.name.endsWith(".map"))
  .map((entry) => path.relative(DIST, path.join(entry.parentPath, entry.name)))
  // a browser without SIMD fetches its core when it is online
  .filter((file) => !file.includes("credit_lab_scalar"))
  // for other sites, not for this one's pages
  .filter((file) => !file.startsWith(`package${path.sep}`))
  .map((file) => `${FOLDER}${file.split(path.sep).join("/")}`)
  .sort();

describe("offline", () => {
  test("after one visit every page opens, trains and runs experiments without a server", async () => {
    const opened = await open(env);
    const { page } = opened;
    const [name, ...others] = await kept(page);
    assert.deepEqual(others, []);
    const files = await page.evaluate(async (cache) => {
      const requests = await (await caches.open(cache)).keys();
      return requests.map(({ url }) => new URL(url).pathname).sort();
    }, name);
    assert.deepEqual(files, shipped, "kept is what is shipped, and nothing else");
    assertQuiet(opened);

    await env.site.close();
    await page.goto(`${env.site.url}?preset=theorem1&seeds=1&steps=100#rules=np,bp&seed=3`);
    await waitPhase(page, "ready");
    await assertFormulas(page);
    await runButton(page).click();
    await waitIteration(page, 5);
    await runButton(page).click();
    await waitPhase(page, "paused");
    await page.locator(".experiment-body button.run").click();
    await page.locator('.experiment-body[data-phase="finished"]').waitFor();
    for (const file of shipped.filter((name) => name.endsWith(".html"))) {
      const url = new URL(file, env.site.url);
      assert.equal((await page.goto(url.href))?.status(), 200, file);
      await page.locator("h1, .lab").first().waitFor();
    }
    await opened.close();
  });

  test("a new version is taken over with the next visit, and the old one is deleted", async () => {
    const site = await serveSite(DIST);
    const opened = await open({ ...env, site });
    const { page } = opened;
    const [old] = await kept(page);
    const version = old.split(" ").at(-1);
    site.extra.set(`${FOLDER}sw.js`, (response) => {
      const script = readFileSync(path.join(DIST, "sw.js"), "utf8");
      response.writeHead(200, { "content-type": "text/javascript" });
      response.end(script.replaceAll(version, "next-version"));
    });
    // From the second visit on the old version serves the page, and its successor has to wait.
    await page.reload();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await until(
      page,
      async () => (await navigator.serviceWorker.getRegistration())?.waiting?.state === "installed",
    );
    assert.equal((await page.evaluate(() => caches.keys())).length, 2, "the old one still serves");

    await page.goto("about:blank");
    await page.goto(site.url);
    await waitPhase(page, "ready");
    await until(page, async () => (await caches.keys()).length === 1);
    assert.match((await page.evaluate(() => caches.keys()))[0], /next-version$/);
    await opened.close();
    await site.close();
  });

  test("where there are no service workers, nothing is said and everything works", async () => {
    const site = await serveSite(DIST);
    const without = { ...env, site };
    const opened = await open(without, {
      before: () => delete Navigator.prototype.serviceWorker,
      params: "task=classifier&rules=np",
    });
    const { page } = opened;
    await runButton(page).click();
    await waitIteration(page, 20);
    await page.waitForTimeout(2200);
    assertQuiet(opened);
    await opened.close();
    await site.close();
  });
});
