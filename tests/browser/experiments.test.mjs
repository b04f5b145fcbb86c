/** The paper's experiments in the page: runs in workers, bands, reference values, tables, export, links. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cifarSet } from "./cifar.mjs";
import { assertAccessible, assertQuiet, download, drop, notice, open, start } from "./harness.mjs";
import { FOLDER } from "./server.mjs";

const core = (name) =>
  readFileSync(fileURLToPath(new URL(`../../www/src/wasm/${name}`, import.meta.url)));

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

const body = (page) => page.locator(".experiment-body");
const runButton = (page) => body(page).locator("button.run");
const phase = (page, name, timeout = 120_000) =>
  page.locator(`.experiment-body[data-phase="${name}"]`).waitFor({ timeout });

async function openExperiment(query, settings = {}) {
  const opened = await open(env, { query: `?${query}`, ready: false, ...settings });
  await body(opened.page).waitFor({ timeout: 60_000 });
  return opened;
}

async function toTheEnd(page) {
  await runButton(page).click();
  await phase(page, "finished", 300_000);
  // Labels and tables follow within a quarter of a second.
  await page.waitForTimeout(400);
}

const save = (page, what) =>
  download(page, () =>
    page.getByRole("button", { name: new RegExp(`Save all rows.*${what}`) }).click(),
  );

async function runs(page) {
  return JSON.parse((await save(page, "configurations")).bytes.toString()).runs;
}

/** Mean and standard error (n - 1), worked out here once more. */
function estimate(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.map((v) => (v - mean) ** 2).reduce((a, b) => a + b, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/** "64.0 ± 1.2 %" -> [64, 1.2] */
const numbers = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);

function assertShows(text, { mean, error }, what) {
  const [shownMean, shownError = 0] = numbers(text);
  // Half a unit of the last place that is printed, and a hair for binary fractions.
  const place = (n) => 0.5 * 10 ** -(/\.(\d+)/.exec(n)?.[1]?.length ?? 0) + 1e-9;
  const [a, b = "0"] = text.match(/[\d.]+/g) ?? [];
  assert.ok(Math.abs(shownMean - mean) <= place(a), `${what}: ${text}, mean is ${mean}`);
  assert.ok(Math.abs(shownError - error) <= place(b), `${what}: ${text}, error is ${error}`);
}

/** Pixels of a panel's canvas, as the page sees them. */
const pixels = (page, panel) =>
  page.locator(`[data-panel-index="${panel}"] canvas`).evaluate((canvas) => {
    const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let band = 0;
    let edge = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b, a] = data.slice(i, i + 4);
      // The band of an orange curve: its colour at an opacity of 0x30.
      if (Math.abs(a - 0x30) <= 2 && r > b + 40) band++;
      // The margin for lozenges begins 50 pixels from the right.
      const x = (i / 4) % width;
      if (x > width - 50 && x < width - 38 && a > 200 && Math.max(r, g, b) > Math.min(r, g, b) + 40)
        edge++;
    }
    return { band, edge };
  });

/** The same run by the core on the page's main thread, without any of the page's code. */
async function byHand(page, { config, steps }) {
  for (const name of ["credit_lab.js", "credit_lab_bg.wasm"]) {
    env.site.extra.set(`${FOLDER}by-hand/${name}`, (response) => {
      const type = name.endsWith(".js") ? "text/javascript" : "application/wasm";
      response.writeHead(200, { "content-type": type }).end(core(name));
    });
  }
  return page.evaluate(
    async ({ config, steps }) => {
      const glue = await import(new URL("by-hand/credit_lab.js", location.href).href);
      await glue.default();
      const packed = new Uint8Array(await (await fetch("data/mnist-10k.bin")).arrayBuffer());
      const run = new glue.Simulator(config, glue.Dataset.embedded(packed));
      run.advance(steps);
      return run.metrics();
    },
    { config, steps },
  );
}

/** All of a row but the mean over the batches since the last one. */
const exact = ({ running_loss: _, ...rest }) => rest;

describe("experiments", () => {
  test("figure 2 comes into being: bands, the paper's numbers, tables that agree with the rows", async () => {
    const opened = await openExperiment("preset=fig2&seeds=2&steps=300");
    const { page } = opened;
    assert.equal(await body(page).getAttribute("data-phase"), "ready", "nothing runs by itself");
    await toTheEnd(page);
    const all = await runs(page);
    assert.equal(all.length, 12, "six curves, two seeds");
    for (const run of all) {
      assert.equal(run.metrics[0].step, 0);
      assert.equal(run.metrics.at(-1).step, 300);
      assert.equal(run.config.seed, run.seed);
    }
    const of = (arm) => all.filter((run) => run.arm === arm).map((run) => run.metrics.at(-1));
    const rows = await page
      .locator("table.values tbody tr")
      .evaluateAll((trs) =>
        trs.map((tr) => [
          tr.dataset.arm,
          ...[...tr.cells].map((c) => [...c.childNodes].map((n) => n.textContent)),
        ]),
      );
    assert.equal(rows.length, 6);
    for (const [arm, , state, hidden, , , , , , error] of rows) {
      assert.equal(state[0], "2 of 2");
      const errors = of(arm).map((row) => 100 - row.test_accuracy);
      assertShows(error[0], estimate(errors), `${arm}, test error`);
      if (arm !== "bp") {
        const distances = of(arm).map((row) => row.layers[0].relative_error);
        assertShows(hidden[0], estimate(distances), `${arm}, relative error`);
      }
    }
    const printed = rows.find(([arm]) => arm === "fa")?.at(-1);
    assert.equal(printed?.[1], "notebook 4.28 %");
    const label = await page
      .locator('[data-panel-index="6"] [role="img"]')
      .getAttribute("aria-label");
    assert.match(label ?? "", /Test error\..*FA .* ± .* Given: .*FA notebook 4\.28/);
    await page.locator('[data-panel-index="0"]').scrollIntoViewIfNeeded();
    const { band } = await pixels(page, 0);
    assert.ok(band > 30, `${band} pixels of a band`);
    await page.locator('[data-panel-index="6"]').scrollIntoViewIfNeeded();
    await page.waitForTimeout(200);
    const { edge } = await pixels(page, 6);
    assert.ok(edge > 10, `${edge} pixels of reference lozenges`);
    const table = page.locator('[data-panel-index="6"] details.table');
    await table.locator("summary").click();
    // The table fills itself in the task after it opens.
    await table.locator("td").first().waitFor();
    const cells = await table.locator("tr").last().locator("td").allTextContents();
    assert.equal(cells.length, 6);
    assert.ok(
      cells.every((text) => /^[\d.]+( ± [\d.]+)? %$/.test(text)),
      cells.join(" | "),
    );
    assertQuiet(opened);
    await opened.close();
  });

  test("a worker's run is the core's own, bit for bit, and so is one on the page's thread", async () => {
    const query = "preset=fig2&seeds=1&steps=120";
    const opened = await openExperiment(query);
    await toTheEnd(opened.page);
    const inWorkers = await runs(opened.page);
    for (const arm of ["np-0.01", "bp"]) {
      const run = inWorkers.find((r) => r.arm === arm);
      const direct = await byHand(opened.page, { config: run.config, steps: run.steps });
      assert.deepEqual(exact(run.metrics.at(-1)), exact(direct), arm);
    }
    assertQuiet(opened);
    await opened.close();

    const alone = await openExperiment(query, {
      before: () => {
        delete globalThis.Worker;
      },
    });
    await runButton(alone.page).click();
    await alone.page.getByText(/gives the page no background threads/).waitFor();
    await phase(alone.page, "finished");
    await alone.page.waitForTimeout(400);
    assert.deepEqual(await runs(alone.page), inWorkers);
    assertQuiet(alone);
    await alone.close();
  });

  test("theorem 1 needs no data; Pause holds, Continue goes on, the CSV has every row", async () => {
    const opened = await openExperiment("preset=theorem1&seeds=2&steps=6000");
    const { page } = opened;
    const done = () => page.locator(".experiment-progress progress").evaluate((p) => p.value);
    await runButton(page).click();
    await page.waitForFunction(
      () => document.querySelector(".experiment-progress progress").value > 0.02,
    );
    await body(page).getByRole("button", { name: "Pause" }).click();
    await phase(page, "paused");
    await page.waitForTimeout(700);
    const held = await done();
    await page.waitForTimeout(1200);
    assert.equal(await done(), held, "nothing moves after Pause");
    assert.ok(held < 1);
    assert.match((await page.locator(".experiment-status").textContent()) ?? "", /paused/);
    await body(page).getByRole("button", { name: "Continue" }).click();
    await phase(page, "finished");
    await page.waitForTimeout(400);
    const all = await runs(page);
    const { bytes, name } = await save(page, "CSV");
    assert.equal(name, "credit-lab-theorem1-2x6000.csv");
    const [head, ...lines] = bytes
      .toString()
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
    assert.equal(lines.length, all.flatMap((run) => run.metrics).length);
    const column = head.indexOf("relative_error_W3");
    const last = lines.filter((l) => l[1] === "c-0.1" && l[2] === "2").at(-1);
    const wanted = all.find((run) => run.arm === "c-0.1" && run.seed === 2).metrics.at(-1);
    assert.equal(Number(last[head.indexOf("step")]), 6000);
    assert.equal(Number(last[column]), wanted.layers[1].relative_error);
    assertQuiet(opened);
    await opened.close();
  });

  test("a run that diverges is named at its curve, and the others go on", async () => {
    const opened = await openExperiment("preset=fig2&seeds=1&steps=200", {
      before: () => {
        const post = Worker.prototype.postMessage;
        Worker.prototype.postMessage = function (message, ...rest) {
          if (message.type === "run" && message.job.arm === "bp") {
            const config = { ...message.job.config, eta_w: 0.9 };
            return post.call(this, { ...message, job: { ...message.job, config } }, ...rest);
          }
          return post.call(this, message, ...rest);
        };
      },
    });
    const { page } = opened;
    await toTheEnd(page);
    const line = await page.locator(".experiment-stopped li").textContent();
    assert.match(line ?? "", /^BP\. Seed 1: .*step/);
    assert.match((await page.locator(".experiment-status").textContent()) ?? "", /1 stopped early/);
    const all = await runs(page);
    assert.equal(all.filter((run) => run.state === "done").length, 5);
    assert.equal(all.find((run) => run.arm === "bp").state, "stopped");
    assert.match(
      (await page.locator('table.values tr[data-arm="bp"]').textContent()) ?? "",
      /0 of 1/,
    );
    assertQuiet(opened);
    await opened.close();
  });

  test("table 2a: best row of each run beside the paper's and the notebook's numbers", async () => {
    const opened = await openExperiment("preset=table2-autoencoder&seeds=2&steps=30");
    const { page } = opened;
    await toTheEnd(page);
    const all = await runs(page);
    for (const arm of ["np", "adam", "matched-noise"]) {
      const best = all
        .filter((run) => run.arm === arm)
        .map((run) => Math.min(...run.metrics.map((row) => row.test_loss)));
      const cell = page.locator(`table.paper-table td[data-arm="${arm}"]`);
      const text = await cell.evaluate((td) => td.firstChild.textContent);
      assertShows(text, estimate(best), arm);
    }
    const row = page.locator("table.paper-table tr", { hasText: "BP (Adam)" });
    const cells = await row.locator("td").allTextContents();
    assert.deepEqual([cells[1], cells[4], cells[5]], ["522.3 ± 0.4", "533.3 ± 2.2", "538.2 ± 1.9"]);
    assertQuiet(opened);
    await opened.close();
  });

  test("figure 3 shows code and reconstructions of every method; accessible in light and dark", async () => {
    const opened = await openExperiment("preset=fig3&seeds=1&steps=20");
    const { page } = opened;
    await toTheEnd(page);
    await page.locator('[data-pictures="samples"]').scrollIntoViewIfNeeded();
    await page.waitForTimeout(500);
    assert.equal(await page.locator('[data-pictures="latent"] .map-panel').count(), 7);
    assert.equal(await page.locator('[data-pictures="samples"] .strip-row').count(), 8);
    const label = await page
      .locator('[data-pictures="latent"] .scatter[role="img"]')
      .getAttribute("aria-label");
    assert.match(label ?? "", /Scatter of 500 test digits.*NP \d+ %.*DAE|Scatter of 500.*DAE.*NP/);
    const colours = await page
      .locator('[data-pictures="latent"] .swatch')
      .evaluateAll((all) => all.map((s) => getComputedStyle(s).backgroundColor));
    assert.equal(new Set(colours).size, 7, "one colour a method");
    await assertAccessible(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForTimeout(400);
    await assertAccessible(page);
    const { name, bytes } = await download(page, () =>
      page.getByRole("button", { name: /figure as a PNG/ }).click(),
    );
    assert.match(name, /^credit-lab-fig3.*\.png$/);
    assert.equal(bytes.subarray(1, 4).toString(), "PNG");
    assertQuiet(opened);
    await opened.close();
  });

  test("table 1 says where CIFAR-10 is, runs on digits, and takes CIFAR-10 once it is dropped", async () => {
    const opened = await openExperiment("preset=table1&seeds=1&steps=3");
    const { page } = opened;
    assert.match((await body(page).textContent()) ?? "", /Get cifar-10-binary\.tar\.gz/);
    await page.locator('.lab[data-phase="ready"]').waitFor();
    await drop(page, cifarSet());
    const row = page.locator("table.paper-table tr", { hasText: "CIFAR10" }).first();
    await row.getByText("76.9 ± 0.1").waitFor();
    await toTheEnd(page);
    const all = await runs(page);
    assert.equal(all.length, 3);
    assert.ok(all.every((run) => run.state === "done" && run.metrics.at(-1).step === 3));
    assert.equal(all[0].config.sizes[0], 32 * 32 * 3);
    assert.match((await body(page).textContent()) ?? "", /Data: CIFAR-10, 60/);
    assertQuiet(opened);
    await opened.close();
  });

  test("the list opens and closes, keeps the address, and survives hostile links", async () => {
    const bad = await open(env, { query: "?preset=%3Cimg%20src=x%3E&seeds=3", ready: false });
    await notice(bad.page, "experiment-url").waitFor({ timeout: 60_000 });
    assert.match(
      (await notice(bad.page, "experiment-url").textContent()) ?? "",
      /no experiment “<img src=x>”/,
    );
    assert.equal(await bad.page.locator(".experiments img").count(), 0);
    assert.equal(await body(bad.page).count(), 0);
    await bad.page.locator('[data-experiment="theorem2"] h3 button').click();
    await bad.page.waitForFunction(() => location.search.includes("preset=theorem2"));
    await bad.page.locator('[data-experiment="theorem1"] h3 button').click();
    await bad.page.waitForFunction(() => location.search.includes("preset=theorem1"));
    assert.equal(await bad.page.locator(".experiment-body:visible").count(), 1);
    await bad.page.locator('[data-experiment="theorem1"] h3 button').click();
    await bad.page.waitForFunction(() => !location.search.includes("preset"));
    assertQuiet(bad);
    await bad.close();

    const opened = await openExperiment("preset=fig2&seeds=99&steps=1e99");
    const { page } = opened;
    const text = (await notice(page, "experiment-url").textContent()) ?? "";
    assert.match(text, /seeds = “99” is out of range; 5 is used/);
    assert.match(text, /steps = “1e99” is out of range; 10,000,000 is used/);
    assert.equal(await notice(page, "url").count(), 0, "the simulator takes no offence");
    assert.equal(
      await page.locator(".command code").textContent(),
      "credit-lab run fig2 --seeds 5 --steps 10000000 --out runs",
    );
    assertQuiet(opened);
    await opened.close();
  });

  test("a phone of 360 pixels scrolls in one direction only", async () => {
    const context = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
    const opened = await openExperiment("preset=fig2&seeds=1&steps=50", { context });
    const { page } = opened;
    await toTheEnd(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 360);
    const panel = await page.locator('[data-panel-index="0"] canvas').boundingBox();
    assert.ok((panel?.width ?? 0) > 280, `${panel?.width}`);
    await assertAccessible(page);
    await opened.close();
  });
});
