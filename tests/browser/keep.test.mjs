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
import { forward, norm, readNpz, testDigits } from "./npz.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

const button = (page, name) => page.getByRole("button", { name, exact: true });
const json = async (page) =>
  JSON.parse((await download(page, () => button(page, "JSON").click())).bytes.toString()).runs;

/** To single precision. */
const near = (found, wanted, what) =>
  assert.ok(Math.abs(found / wanted - 1) < 1e-5, `${what}: ${found}, not ${wanted}`);

function sameMeasurements(arrays, { rule, metrics }) {
  const same = (name, pick) => {
    const wanted = metrics.map((row) => pick(row) ?? Number.NaN);
    assert.deepEqual(arrays.get(`${rule}/${name}`).values, wanted, `${rule}: ${name}`);
  };
  for (const key of ["step", "train_loss", "test_loss", "running_loss", "test_accuracy"])
    same(key, (row) => row[key]);
  for (const key of ["angle", "relative_error", "sign_agreement"])
    same(`${key}_W3`, (row) => row.layers[1][key]);
}

/** Shapes, and the lengths and distances that the page has measured. */
function sameMatrices(arrays, { rule, config, metrics }) {
  for (const [i, layer] of metrics.at(-1).layers.entries()) {
    const [w, b] = ["W", "B"].map((name) => arrays.get(`${rule}/${name}${i + 2}`));
    const [below, above, top] = [i + 1, i + 2, 3].map((l) => config.sizes[l]);
    assert.deepEqual(w.shape, [above, below]);
    near(norm(w), layer.norm_w, `${rule}: ‖${layer.name}‖`);
    assert.equal(b === undefined, rule === "bp");
    if (b === undefined) continue;
    assert.deepEqual(b.shape, [rule === "dfa" ? top : above, below]);
    near(norm(b), layer.norm_b, `${rule}: ‖B${i + 2}‖`);
    if (layer.relative_error !== null)
      near(norm(w, b) / norm(w), layer.relative_error, `${rule}: ${layer.name} − B${i + 2}`);
  }
}

/** The weights and biases give the loss and the test error that the page has measured with them. */
function sameAnswers(arrays, { rule, config, metrics }, digits) {
  const last = metrics.at(-1);
  const answers = digits.map(({ pixels }) => forward(arrays, config, pixels));
  const losses = answers.map((scores, i) => {
    const off = scores.map((score, digit) => score - (digit === digits[i].label ? 1 : 0));
    return Math.hypot(...off) ** 2 / 2;
  });
  const loss = losses.reduce((a, b) => a + b) / digits.length;
  near(loss, last.test_loss_per_sample, `${rule}: loss`);
  const right = answers.filter((s, i) => s.indexOf(Math.max(...s)) === digits[i].label);
  assert.equal((100 * right.length) / digits.length, last.test_accuracy);
}

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

  test("NPZ carries the same measurements, and the weights that the page has measured", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,dfa,bp&seed=3" });
    const { page } = opened;
    await stepTo(page, "1,000 steps", 1000);
    const runs = await json(page);
    const file = await download(page, () => button(page, "NPZ").click());
    assert.equal(file.name, "credit-lab-np-dfa-bp-1000.npz");
    const arrays = readNpz(file.bytes);
    const about = JSON.parse(arrays.get("config").values);
    assert.equal(about.digits, "MNIST, 10,000 digits");
    assert.deepEqual(
      about.runs,
      runs.map(({ rule, config }) => ({ rule, step: 1000, config })),
    );

    const digits = testDigits(runs[0].config.probe);
    for (const run of runs) {
      sameMeasurements(arrays, run);
      sameMatrices(arrays, run);
      sameAnswers(arrays, run, digits);
    }
    assertQuiet(opened);
    await opened.close();
  });

  test("without a network for what NPZ loads, a message says so, and the next try succeeds", async () => {
    const context = { serviceWorkers: "block" };
    const { page, close } = await open(env, { params: "task=classifier&rules=bp", context });
    await stepTo(page, "1 step", 1);
    await page.route(/npz.*\.js$/, (route) => route.abort());
    await button(page, "NPZ").click();
    const message = notice(page, "npz").and(page.locator(".error"));
    await message.waitFor();
    assert.match(
      (await message.textContent()) ?? "",
      /part of the page could not be loaded.*goes on/,
    );
    await page.unroute(/npz.*\.js$/);
    const { bytes } = await download(page, () => button(page, "NPZ").click());
    assert.deepEqual(readNpz(bytes).get("bp/step").values, [0, 1]);
    assert.equal(await message.count(), 0);
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
