/** What a reader keeps: the saved run, exports, pictures, links. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertQuiet,
  download,
  drop,
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

const button = (page, name) => page.getByRole("button", { name, exact: true });
const json = async (page) =>
  JSON.parse((await download(page, () => button(page, "JSON").click())).bytes.toString()).runs;

describe("keep", () => {
  test("a saved run, loaded into a fresh page, goes on bit for bit", async () => {
    const opened = await open(env, { params: "rules=np,bp,fa&seed=3&np.c_h=0.05" });
    const { page } = opened;
    for (let i = 1; i <= 3; i++) await stepTo(page, "1 step", i);
    const saved = await download(page, () => button(page, "Save run").click());
    assert.match(saved.name, /\.creditlab$/);
    for (let i = 4; i <= 6; i++) await stepTo(page, "1 step", i);
    const uninterrupted = await json(page);

    await page.goto(`${env.site.url}?fresh#task=classifier`);
    await waitPhase(page, "ready");
    await page.locator('[data-panel="keep"] input[type="file"]').setInputFiles({
      name: saved.name,
      mimeType: "application/octet-stream",
      buffer: saved.bytes,
    });
    await waitPhase(page, "paused");
    assert.equal(await iteration(page), 3);
    assert.match(
      (await notice(page, "run-file").textContent()) ?? "",
      /iteration 3 \(NP, BP, FA\)/,
    );
    assert.ok((await table(page, "loss")).length >= 4, "the curves are back");
    for (let i = 4; i <= 6; i++) await stepTo(page, "1 step", i);
    const continued = await json(page);
    const tail = (runs) =>
      runs.map((r) => [
        r.rule,
        r.config,
        r.metrics.filter((m) => m.step > 3).map((m) => ({ ...m, running_loss: 0 })),
      ]);
    assert.deepEqual(tail(continued), tail(uninterrupted));
    assertQuiet(opened);
    await opened.close();
  });

  test("a broken saved run changes nothing and says what is wrong", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np" });
    const { page } = opened;
    await stepTo(page, "1 step", 1);
    const { bytes } = await download(page, () => button(page, "Save run").click());
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 100] ^= 1;
    const cases = [
      [damaged, /damaged/],
      [bytes.subarray(0, bytes.length - 50), /incomplete/],
      [Buffer.from("hello"), /not a saved run/],
    ];
    for (const [content, why] of cases) {
      await drop(page, [{ name: "mine.creditlab", bytes: content }]);
      await page.locator('[data-notice="run-file"].error').waitFor();
      const text = (await notice(page, "run-file").textContent()) ?? "";
      assert.match(text, why);
      assert.match(text, /Nothing was changed/);
      await notice(page, "run-file").getByRole("button", { name: "Dismiss" }).click();
    }
    assert.equal(await iteration(page), 1);
    await stepTo(page, "1 step", 2);
    assertQuiet(opened);
    await opened.close();
  });

  test("CSV and JSON carry every measurement; a figure becomes a PNG", async () => {
    const { page, close } = await open(env, { params: "rules=np,fa" });
    await stepTo(page, "1 step", 1);
    const csv = (await download(page, () => button(page, "CSV").click())).bytes.toString();
    const [head, ...lines] = csv.trimEnd().split("\r\n");
    assert.match(head, /^rule,seed,step,train_loss,test_loss/);
    assert.equal(lines.length, 4);
    const runs = await json(page);
    assert.deepEqual(runs[0].config.sizes, [784, 200, 2, 200, 784]);
    for (const id of ["loss", "images", "latent"]) {
      await figure(page, id).scrollIntoViewIfNeeded();
      await page.waitForTimeout(600);
      const png = await download(page, () =>
        figure(page, id)
          .getByRole("button", { name: /PNG image/ })
          .click(),
      );
      assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
      assert.equal(png.bytes.readUInt32BE(16), 1440, "twice 720 wide");
      assert.ok(png.bytes.length > 10_000, `${id}: ${png.bytes.length} bytes`);
    }
    await close();
  });

  test("the address restores the configuration", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np,sg&seed=9" });
    const field = page.getByRole("textbox", { name: "SG: η_B, number" });
    await field.fill("2e-4");
    await field.press("Enter");
    await page.waitForFunction(() => location.hash.includes("sg.eta_b=2e-4"));
    await stepTo(page, "1 step", 1);
    const [first] = await json(page);
    const address = page.url();
    await close();
    const again = await open(env, { params: address.split("#")[1] });
    await stepTo(again.page, "1 step", 1);
    const [second] = await json(again.page);
    assert.deepEqual(second, first);
    await again.close();
  });

  test("a changed address is taken over while the page is open", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np&budget=20" });
    await runButton(page).click();
    await waitIteration(page, 20);
    await page.evaluate(() => {
      location.hash = "rules=fa&seed=2";
    });
    await waitPhase(page, "ready");
    assert.match((await page.locator("[data-lede]").textContent()) ?? "", /784 – 200 – 2/);
    await close();
  });
});
