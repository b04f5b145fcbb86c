/** Training in the page: run, pause, step, live changes, reset, stopping, divergence, hidden tab, keys. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertQuiet,
  download,
  figure,
  iteration,
  notice,
  open,
  runButton,
  start,
  stepTo,
  table,
  waitIteration,
  waitPhase,
} from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

/** Every metric of every rule, exactly. */
async function metrics(page) {
  const { bytes } = await download(page, () =>
    page.getByRole("button", { name: "JSON", exact: true }).click(),
  );
  return JSON.parse(bytes.toString()).runs;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const number = (text) => Number(text.replaceAll(",", "").replace("−", "-"));

/** A browser as it was before SIMD. */
const withoutSimd = () => {
  WebAssembly.validate = () => false;
};

describe("run", () => {
  test("without SIMD another core trains to the same numbers, and the page says that it is slower", async () => {
    const params = "task=autoencoder&hidden=24,2,24&rules=np,bp,sg&seed=5&stop=60";
    const trained = async (before) => {
      const opened = await open(env, { params, before });
      const cores = opened.page.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .flatMap(({ name }) => /[^/]*[.]wasm$/.exec(name) ?? []),
      );
      await runButton(opened.page).click();
      await waitPhase(opened.page, "finished");
      return { ...opened, cores: await cores, metrics: await metrics(opened.page) };
    };
    const usual = await trained(null);
    assert.match(usual.cores.join(), /^credit_lab_bg-\w+\.wasm$/);
    assert.equal(await notice(usual.page, "scalar").count(), 0);
    const old = await trained(withoutSimd);
    assert.match(old.cores.join(), /^credit_lab_scalar_bg-[\w-]+\.wasm$/);
    assert.match(await notice(old.page, "scalar").textContent(), /the numbers are the same/);
    assert.deepEqual(old.metrics, usual.metrics);
    assertQuiet(old);
  });

  test("the page opens alive and explained, without errors or foreign requests", async () => {
    const opened = await open(env);
    const { page } = opened;
    assert.match((await page.locator("h1").textContent()) ?? "", /without weight transport/);
    assert.match(
      (await page.locator("[data-lede]").textContent()) ?? "",
      /784 – 200 – 2 – 200 – 784/,
    );
    assert.equal(await iteration(page), 0);
    const rows = await table(page, "loss");
    assert.equal(rows.length, 2, "the untrained network is measured already");
    assertQuiet(opened);
    await opened.close();
  });

  test("one click trains: curves grow, the loss falls, pictures change, and Pause holds", async () => {
    const opened = await open(env, { params: "budget=30" });
    const { page } = opened;
    const pictures = () =>
      figure(page, "images")
        .locator("canvas")
        .nth(1)
        .evaluate((c) => c.toDataURL());
    await figure(page, "images").locator("canvas").nth(1).waitFor();
    await page.waitForTimeout(500);
    const untrained = await pictures();
    await runButton(page).click();
    await waitIteration(page, 120);
    await button(page, "Pause").click();
    await waitPhase(page, "paused");
    const stopped = await iteration(page);
    const rows = await table(page, "loss");
    const test = rows[0].map((name, i) => [name, i]).filter(([name]) => name.includes("test"));
    assert.equal(test.length, 3, "three rules by default");
    for (const [name, i] of test) {
      const first = number(rows[1][i]);
      // A rule that stands a few steps behind at the pause has its last measurement in an earlier row.
      const measured = rows.slice(1).map((row) => number(row[i]));
      const last = measured.findLast(Number.isFinite);
      assert.ok(last < first / 2, `${name}: ${first} -> ${last}`);
    }
    assert.notEqual(await pictures(), untrained);
    assert.equal(await iteration(page), stopped, "nothing moves after Pause");
    for (const id of ["angle", "relative", "sign"]) {
      assert.ok((await table(page, id)).length > 3, `${id} has points`);
    }
    const label = await figure(page, "latent")
      .locator('.scatter[role="img"]')
      .getAttribute("aria-label");
    assert.match(label ?? "", /Scatter of 500 test digits/);
    assertQuiet(opened);
    await opened.close();
  });

  test("one step and a thousand steps are exactly that", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np,bp" });
    await stepTo(page, "1 step", 1);
    await stepTo(page, "1 step", 2);
    assert.equal(await iteration(page), 2);
    await stepTo(page, "1,000 steps", 1002);
    assert.equal(await iteration(page), 1002);
    const runs = await metrics(page);
    for (const run of runs) assert.equal(run.metrics.at(-1).step, 1002, run.rule);
    await close();
  });

  test("reset with the same seed gives the same numbers, bit for bit; another seed does not", async () => {
    const { page, close } = await open(env, { params: "rules=np,fa&seed=11" });
    await stepTo(page, "1 step", 1);
    await page.getByRole("textbox", { name: "Measure every" }).count();
    await runButton(page).click();
    await waitIteration(page, 25);
    await button(page, "Reset").click();
    await waitPhase(page, "ready");
    const run = async () => {
      for (let i = 1; i <= 4; i++) await stepTo(page, "1 step", i);
      return metrics(page);
    };
    const first = await run();
    await button(page, "Reset").click();
    await waitPhase(page, "ready");
    const second = await run();
    assert.deepEqual(second, first);
    await button(page, "Reset").click();
    await waitPhase(page, "ready");
    await button(page, "New seed").click();
    const third = await run();
    assert.notEqual(third[0].metrics.at(-1).test_loss, first[0].metrics.at(-1).test_loss);
    await close();
  });

  test("rates change live, rules join and leave, all from the same start", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np&budget=20" });
    const { page } = opened;
    await runButton(page).click();
    await waitIteration(page, 300);
    const field = page.getByRole("textbox", { name: "NP: η_W, number" });
    await field.fill("1e-3");
    await field.press("Enter");
    assert.equal(await page.locator(".lab").getAttribute("data-phase"), "running", "no reset");
    await page.waitForFunction(() => location.hash.includes("np.eta_w=0.001"));
    await page.locator('.lab .chip[data-rule="fa"]').click();
    await page.waitForFunction(() => location.hash.includes("rules=np"), null, { timeout: 5000 });
    await page.locator('.rule-rates[data-rule="fa"]').waitFor();
    await waitIteration(page, 1500);
    await runButton(page).click();
    await waitPhase(page, "paused");
    const runs = await metrics(page);
    assert.deepEqual(runs.map((r) => r.rule).sort(), ["fa", "np"]);
    const [a, b] = runs.map((r) => r.metrics[0]);
    assert.equal(a.test_loss, b.test_loss, "same first weights");
    const at = (rule) => runs.find((r) => r.rule === rule).metrics.map((m) => m.step);
    const shared = at("fa").filter((s) => at("np").includes(s));
    assert.ok(shared.length >= at("fa").length - 2, "the same iterations are measured");
    await page.locator('.lab .chip[data-rule="fa"]').click();
    await page.locator('.rule-rates[data-rule="fa"]').waitFor({ state: "detached" });
    assertQuiet(opened);
    await opened.close();
  });

  test("what needs a new run waits for a click, and can be taken back", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np" });
    await stepTo(page, "1 step", 1);
    const seed = page.getByRole("textbox", { name: "Seed" });
    await seed.fill("77");
    await seed.press("Enter");
    await notice(page, "pending").waitFor();
    assert.equal(await iteration(page), 1);
    await button(page, "Keep the present run").click();
    await notice(page, "pending").waitFor({ state: "detached" });
    assert.equal(await seed.inputValue(), "5");
    await seed.fill("77");
    await seed.press("Enter");
    await button(page, "Start over with it").click();
    await waitPhase(page, "ready");
    assert.equal(await iteration(page), 0);
    assert.equal((await metrics(page))[0].config.seed, 77);
    await close();
  });

  test("typed nonsense is refused with the range, the value stays", async () => {
    const { page, close } = await open(env, { params: "rules=np" });
    const field = page.getByRole("textbox", { name: "NP: c_h, number" });
    const before = await field.inputValue();
    await field.fill("much");
    await field.press("Enter");
    await page.getByText("“much” is not a number from").waitFor();
    assert.equal(await field.inputValue(), before);
    await field.fill("1e9");
    await field.press("Enter");
    await page.getByText("Set to 1: allowed are").waitFor();
    assert.equal(await field.inputValue(), "1");
    await close();
  });

  test("the run ends where it should and shows the time left", async () => {
    const { page, close } = await open(env, {
      params: "task=classifier&rules=bp&stop=700&budget=3",
    });
    await runButton(page).click();
    await page.waitForFunction(
      () => document.querySelectorAll(".status dd")[3].textContent !== "–",
    );
    await waitPhase(page, "finished");
    assert.equal(await iteration(page), 700);
    await page.getByText("Finished at iteration 700.").first().waitFor();
    await close();
  });

  test("a rule that diverges stops alone, says where, and starts again with a lower rate", async () => {
    const opened = await open(env, {
      params: "task=classifier&rules=np,fa&fa.eta_w=0.1&budget=20",
    });
    const { page } = opened;
    await runButton(page).click();
    const message = notice(page, "lane-fa");
    await message.waitFor({ timeout: 30_000 });
    assert.match((await message.textContent()) ?? "", /FA was stopped: .*diverged at step \d+/);
    const then = await iteration(page);
    await waitIteration(page, then + 20);
    await message.getByRole("button", { name: /Restart it with η_W = 0\.025/ }).click();
    await page.waitForFunction(() => location.hash.includes("fa.eta_w=0.025"));
    assertQuiet(opened);
    await opened.close();
  });

  test("a hidden tab pauses, says so, and goes on by itself", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np" });
    const hide = (hidden) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await runButton(page).click();
    await waitIteration(page, 50);
    await hide(true);
    await waitPhase(page, "suspended");
    await page.getByText("Paused while this tab is hidden").first().waitFor();
    await page.waitForTimeout(200);
    const held = await iteration(page);
    await page.waitForTimeout(700);
    assert.equal(await iteration(page), held);
    await hide(false);
    await waitPhase(page, "running");
    await waitIteration(page, held + 20);
    await close();
  });

  test("works by keyboard alone: shortcuts, tabbing, chips and segments", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np" });
    await page.keyboard.press("Space");
    await waitPhase(page, "running");
    await page.keyboard.press("Space");
    await waitPhase(page, "paused");
    const at = await iteration(page);
    await page.keyboard.press(".");
    await waitIteration(page, at + 1);
    await waitPhase(page, "paused");
    await page.keyboard.press("Shift+R");
    await waitPhase(page, "ready");
    assert.equal(await iteration(page), 0);
    const seed = page.getByRole("textbox", { name: "Seed" });
    await seed.focus();
    await page.keyboard.press("Space");
    assert.equal(
      await page.locator(".lab").getAttribute("data-phase"),
      "ready",
      "typing is not a shortcut",
    );
    await page.keyboard.press("Escape");
    await page.getByRole("radio", { name: "Classifier" }).focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => !location.hash.includes("task=classifier"));
    await page
      .getByRole("checkbox", { name: /Feedback alignment/ })
      .first()
      .focus();
    await page.keyboard.press("Space");
    await page.locator('.rule-rates[data-rule="fa"]').waitFor();
    const grid = figure(page, "images").locator('[role="img"]');
    await grid.focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText(/^A 0\. Loss: NP/).waitFor();
    await close();
  });
});
