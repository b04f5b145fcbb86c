/** Training on the GPU, here a software adapter: the choice, the line beside it, moves in mid-run, a lost device. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertQuiet,
  deviceLine,
  download,
  iteration,
  notice,
  open,
  runButton,
  start,
  stepTo,
  waitDevice,
  waitIteration,
  waitPhase,
} from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
/** @type {Awaited<ReturnType<typeof start>>} */
let plain;
before(async () => {
  env = await start({ gpu: true });
  plain = await start();
});
after(async () => {
  await env.close();
  await plain.close();
});

const ON_GPU = /^GPU \(.+\): chosen by you$/;
const ON_CPU = /^Processor \(SIMD\): chosen by you$/;

const button = (page, name) => page.getByRole("button", { name, exact: true });
const compute = (page) => page.getByRole("combobox", { name: "Compute" });

/** Every measurement of every rule. */
async function runs(page) {
  const { bytes } = await download(page, () => button(page, "JSON").click());
  return JSON.parse(bytes.toString()).runs;
}

/** Some more iterations than there are now, in mid-run. */
async function goOn(page, n) {
  await waitIteration(page, (await iteration(page)) + n, 120_000);
}

async function pause(page) {
  await runButton(page).click();
  await waitPhase(page, "paused");
  // Rules that stand further apart than a frame makes up for are brought level by a step.
  await stepTo(page, "1 step", (await iteration(page)) + 1);
}

/** The runs of a paused page, once their measurements have come back: of the last iteration, or of `from`. */
async function measured(page, from = null) {
  const end = Date.now() + 60_000;
  for (;;) {
    const [at, all] = [from ?? (await iteration(page)), await runs(page)];
    if (all.every(({ metrics }) => metrics.at(-1)?.step >= at)) return all;
    const steps = all.map(({ rule, metrics }) => `${rule} ${metrics.at(-1)?.step}`);
    assert.ok(Date.now() < end, `at ${at}, but measured are ${steps.join(", ")}`);
    await page.waitForTimeout(300);
  }
}

/** One curve: iterations rise, no loss is missing, and none jumps from one point to the next. */
function assertContinuous({ rule, metrics }) {
  assert.equal(metrics[0].step, 0, rule);
  for (const [i, m] of metrics.entries()) {
    assert.ok(Number.isFinite(m.test_loss), `${rule}: loss at ${m.step}`);
    const last = metrics[i - 1];
    if (last === undefined) continue;
    assert.ok(m.step > last.step, `${rule}: ${m.step} after ${last.step}`);
    const factor = m.test_loss / last.test_loss;
    assert.ok(factor < 1.5, `${rule}: from ${last.test_loss} to ${m.test_loss} at ${m.step}`);
  }
}

describe("gpu", () => {
  test("without an adapter, and without WebGPU, the processor computes and the line says why", async () => {
    const refused = await open(plain, { params: "rules=np" });
    const why = await waitDevice(refused.page, /^Processor \(SIMD\): (?!looking)/);
    assert.doesNotMatch(why, /measured|undefined|\[object/);
    await runButton(refused.page).click();
    await waitIteration(refused.page, 5);
    assertQuiet(refused);
    await refused.close();

    const absent = await open(plain, {
      params: "rules=np",
      before: () => delete Navigator.prototype.gpu,
    });
    await waitDevice(absent.page, /^Processor \(SIMD\): no WebGPU in this browser$/);
    await compute(absent.page).selectOption("gpu");
    await waitDevice(absent.page, /^Processor \(SIMD\): no WebGPU in this browser$/);
    await stepTo(absent.page, "1 step", 1);
    assertQuiet(absent);
    await absent.close();
  });

  test("by itself the page measures both paths and says what it found", async () => {
    const opened = await open(env, { params: "rules=np,bp" });
    const { page } = opened;
    const line = await waitDevice(page, /: measured/);
    assert.match(
      line,
      /^(Processor \(SIMD\): measured [\d.]+ ms a step, GPU \(.+, a software adapter\) [\d.]+ ms|GPU \(.+\): measured [\d.]+ ms a step, processor [\d.]+ ms)$/,
    );
    assert.equal(await compute(page).inputValue(), "auto");
    assert.doesNotMatch(page.url(), /compute/);
    const described = await compute(page).getAttribute("aria-describedby");
    assert.equal(await page.locator(`[id="${described}"]`).textContent(), line);
    assertQuiet(opened);
    await opened.close();
  });

  test("Run does not wait for the measurement", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np", ready: false });
    const { page } = opened;
    await runButton(page).click();
    await waitIteration(page, 20);
    await waitDevice(page, /: measured/);
    await goOn(page, 20);
    assertQuiet(opened);
    await opened.close();
  });

  test("the choice is in the address, and comes from it", async () => {
    const opened = await open(env, { params: "task=classifier&rules=bp&compute=gpu" });
    const { page } = opened;
    await waitDevice(page, ON_GPU);
    assert.equal(await compute(page).inputValue(), "gpu");
    await compute(page).focus();
    await page.keyboard.press("p");
    await waitDevice(page, ON_CPU);
    await page.waitForFunction(() => location.hash.includes("compute=cpu"));
    await compute(page).selectOption("auto");
    await page.waitForFunction(() => !location.hash.includes("compute"));
    assertQuiet(opened);
    await opened.close();
  });

  for (const [task, steps] of [
    ["classifier", 60],
    ["autoencoder", 6],
  ]) {
    test(`every rule trains on the GPU: ${task}`, { timeout: 300_000 }, async () => {
      const probe = await open(env, { params: "compute=cpu" });
      const all = await probe.page
        .locator("#instrument .chip input")
        .evaluateAll((boxes) => boxes.map((box) => box.value));
      await probe.close();
      assert.ok(all.length >= 10);
      const opened = await open(env, {
        params: `task=${task}&rules=${all.join(",")}&compute=gpu&budget=30&every=20&seed=3&warmup=0`,
      });
      const { page } = opened;
      await waitDevice(page, ON_GPU, 120_000);
      await runButton(page).click();
      await waitIteration(page, steps, 240_000);
      await page.waitForFunction(
        () =>
          Number(document.querySelectorAll(".status dd")[1].textContent.replaceAll(",", "")) > 0,
      );
      await pause(page);
      assert.match((await deviceLine(page).textContent()) ?? "", ON_GPU, "still there");
      // Where a step takes seconds, rules a step apart are not brought level.
      const trained = await measured(page, Math.floor(steps * 0.8));
      assert.deepEqual(trained.map((run) => run.rule).sort(), [...all].sort());
      for (const { rule, metrics } of trained) {
        assert.ok(Number.isFinite(metrics.at(-1).test_loss), rule);
        assert.notEqual(metrics.at(-1).test_loss, metrics[0].test_loss, `${rule} has learnt`);
      }
      assert.equal(await page.locator(".notice.error").count(), 0);
      assertQuiet(opened);
      await opened.close();
    });
  }

  test("the GPU computes what the processor computes", async () => {
    const at = async (device) => {
      const opened = await open(env, {
        params: `task=classifier&rules=np,bp,fa&seed=3&warmup=0&compute=${device}`,
      });
      const { page } = opened;
      await waitDevice(page, /chosen by you$/);
      for (let i = 1; i <= 3; i++) await stepTo(page, "1 step", i);
      const all = await measured(page);
      assertQuiet(opened);
      await opened.close();
      return all;
    };
    const [cpu, gpu] = [await at("cpu"), await at("gpu")];
    for (const [i, { rule, metrics }] of cpu.entries()) {
      assert.deepEqual(
        gpu[i].metrics.map((m) => m.step),
        metrics.map((m) => m.step),
        rule,
      );
      for (const [k, m] of metrics.entries()) {
        const other = gpu[i].metrics[k].test_loss;
        assert.ok(Math.abs(other / m.test_loss - 1) < 1e-3, `${rule}: ${m.test_loss}, ${other}`);
      }
    }
  });

  test("a run moves to the GPU and back, and its curves go on", { timeout: 180_000 }, async () => {
    const opened = await open(env, {
      params: "task=classifier&rules=bp,fa&compute=cpu&every=20&budget=20",
    });
    const { page } = opened;
    await waitDevice(page, ON_CPU);
    await runButton(page).click();
    await waitIteration(page, 100);
    await compute(page).selectOption("gpu");
    await waitDevice(page, ON_GPU);
    await goOn(page, 60);
    assert.equal(await page.locator(".lab").getAttribute("data-phase"), "running");
    await compute(page).selectOption("cpu");
    await waitDevice(page, ON_CPU);
    await goOn(page, 100);
    await compute(page).selectOption("gpu");
    await waitDevice(page, ON_GPU);
    await goOn(page, 20);
    await pause(page);
    const all = await measured(page);
    for (const run of all) assertContinuous(run);
    const [a, b] = all.map(({ metrics }) => metrics.map((m) => m.step));
    assert.deepEqual(a, b, "the same iterations are measured");
    for (let at = 20; at < a.at(-1); at += 20) assert.ok(a.includes(at), `${at} was measured`);
    assertQuiet(opened);
    await opened.close();
  });

  test("a run saved on the GPU can be loaded, and goes on", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,bp&compute=gpu&warmup=0" });
    const { page } = opened;
    await waitDevice(page, ON_GPU);
    await stepTo(page, "1 step", 1);
    await stepTo(page, "1 step", 2);
    const saved = await download(page, () => button(page, "Save run").click());
    await notice(page, "run-file").waitFor();
    for (let i = 3; i <= 4; i++) await stepTo(page, "1 step", i);
    await page.locator('[data-panel="keep"] input[type="file"]').setInputFiles({
      name: saved.name,
      mimeType: "application/octet-stream",
      buffer: saved.bytes,
    });
    await page.getByText("Loaded the run at iteration 2").waitFor();
    await waitDevice(page, ON_GPU);
    await stepTo(page, "1 step", 3);
    for (const run of await measured(page)) {
      assertContinuous(run);
      assert.deepEqual(
        run.metrics.map((m) => m.step),
        [0, 1, 2, 3],
      );
    }
    assertQuiet(opened);
    await opened.close();
  });

  test("resets in mid-run leave nothing of the old run behind", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,bp&compute=gpu&every=1" });
    const { page } = opened;
    for (let i = 0; i < 4; i++) {
      await waitDevice(page, ON_GPU);
      await runButton(page).click();
      await waitIteration(page, 3);
      await button(page, "Reset").click();
      await waitPhase(page, "ready");
    }
    await page.waitForTimeout(1500);
    assert.equal(await iteration(page), 0);
    for (const { metrics } of await runs(page)) assert.equal(metrics.length, 1);
    assertQuiet(opened);
    await opened.close();
  });

  test("when the device is lost the run goes on on the processor and says so", async () => {
    const opened = await open(env, {
      params: "task=classifier&rules=np,bp,fa&compute=gpu&every=20&budget=20",
      before: () => {
        const devices = [];
        Object.defineProperty(window, "destroyDevices", {
          value: () => {
            for (const device of devices) device.destroy();
          },
        });
        const request = GPUAdapter.prototype.requestDevice;
        GPUAdapter.prototype.requestDevice = async function (...args) {
          const device = await request.apply(this, args);
          devices.push(device);
          return device;
        };
      },
    });
    const { page } = opened;
    await waitDevice(page, ON_GPU);
    await runButton(page).click();
    await waitIteration(page, 45, 120_000);
    await page.evaluate(() => window.destroyDevices());
    await notice(page, "device").waitFor();
    assert.equal(await notice(page, "device").count(), 1, "one notice for all runs");
    assert.equal(await notice(page, "device").getAttribute("role"), "status");
    assert.match((await notice(page, "device").textContent()) ?? "", /^[A-Z].*\./);
    await waitDevice(page, /^Processor \(SIMD\): (?!chosen|measured)/);
    assert.equal(await page.locator(".lab").getAttribute("data-phase"), "running");
    await goOn(page, 200);
    await notice(page, "device").getByRole("button", { name: "Dismiss" }).click();
    await notice(page, "device").waitFor({ state: "detached" });
    await pause(page);
    const all = await measured(page);
    for (const run of all) assertContinuous(run);
    const [first, ...rest] = all.map(({ metrics }) => metrics.map((m) => m.step));
    for (const other of rest) assert.deepEqual(other, first, "the same iterations are measured");
    // A new run looks for a new device.
    await button(page, "Reset").click();
    await waitPhase(page, "ready");
    await waitDevice(page, ON_GPU);
    await stepTo(page, "1 step", 1);
    // The browser may remark on commands for a device that is gone.
    assert.deepEqual(opened.foreign, []);
    await opened.close();
  });
});
