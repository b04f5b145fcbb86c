/** The network diagram: a real training step, phase by phase, with numbers that hang together. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import {
  assertAccessible,
  assertFormulas,
  assertQuiet,
  download,
  figure,
  iteration,
  open,
  runButton,
  start,
  table,
  waitIteration,
  waitPhase,
} from "./harness.mjs";
import { readNpz } from "./npz.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

const SMALL = "task=autoencoder&hidden=40,2,40&budget=30";

const number = (text) => Number(text.replaceAll(",", "").replaceAll("−", "-").replace("+", ""));

/** The figure, once it shows a step. */
async function diagram(page) {
  const fig = figure(page, "network");
  await fig.scrollIntoViewIfNeeded();
  await fig.locator(".network[data-step]:not([data-waiting])").waitFor({ timeout: 15_000 });
  const root = fig.locator(".network");
  return {
    fig,
    root,
    slider: fig.getByRole("slider", { name: "Moment within the step" }),
    image: fig.locator(".network-image"),
    shown: async () => Number(await root.getAttribute("data-step")),
    phase: () => root.getAttribute("data-phase"),
    /** Rows of numbers beside the picture: name and value. */
    rows: async () =>
      Object.fromEntries(
        await fig
          .locator(".network-rows > div")
          .evaluateAll((rows) =>
            rows.map((row) => [
              row.querySelector(".row-name").textContent,
              row.querySelector("dd").textContent,
            ]),
          ),
      ),
    picture: () => fig.locator("canvas.network-canvas").evaluate((c) => c.toDataURL()),
  };
}

/** Where units are drawn, in CSS pixels of the canvas: the centre of every disc that answers a pointer. */
async function hover(page, canvas, x, y) {
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + x, box.y + y);
}

describe("network", () => {
  test("a step is done with all weights, or with W or B alone", async () => {
    const opened = await open(env, { params: `${SMALL}&rules=np,bp&seed=3` });
    const { page } = opened;
    const d = await diagram(page);
    /** W² and B² of node perturbation, as the NPZ file has them. */
    const weights = async () => {
      const file = await download(page, () =>
        page.getByRole("button", { name: "NPZ", exact: true }).click(),
      );
      const arrays = readNpz(file.bytes);
      return { W: arrays.get("np/W2").values, B: arrays.get("np/B2").values };
    };
    const take = async (name) => {
      const step = await iteration(page);
      const group = d.fig.getByRole("group", { name: "Do this step with" });
      await group.getByRole("button", { name, exact: true }).click();
      await waitIteration(page, step + 1);
      await page.locator(`.network[data-step="${step + 1}"]`).waitFor();
    };
    const start = await weights();
    await take("only W");
    const w = await weights();
    assert.notDeepEqual(w.W, start.W);
    assert.deepEqual(w.B, start.B);
    await take("only B");
    const b = await weights();
    assert.deepEqual(b.W, w.W);
    assert.notDeepEqual(b.B, w.B);
    await page.locator('[data-notice="part"]').waitFor();
    await take("all weights");
    const all = await weights();
    assert.notDeepEqual(all.W, b.W);
    assert.notDeepEqual(all.B, b.B);
    assert.equal(await iteration(page), 3);
    await assertAccessible(page);
    await assertQuiet(opened);

    // Where no rule learns B there is nothing to be done with it alone.
    const fixed = await open(env, { params: `${SMALL}&rules=bp,fa` });
    const other = await diagram(fixed.page);
    assert.ok(await other.fig.getByRole("button", { name: "only B" }).isDisabled());
    assert.ok(await other.fig.getByRole("button", { name: "only W" }).isEnabled());
  });

  test("a step is taken apart: phases, equations, and numbers that are one another's product", async () => {
    const opened = await open(env, { params: `${SMALL}&rules=np,bp,np-dfa,perturb` });
    const { page } = opened;
    const d = await diagram(page);
    assert.equal(await d.shown(), 0);
    assert.equal(await d.phase(), "live");
    const names = () => d.fig.locator(".phase-name").allTextContents();
    const np = ["Clean pass", "Noisy pass", "Loss change", "Correlate", "Feedback", "Update"];
    assert.deepEqual(await names(), np);

    const whole = await d.picture();
    const seen = new Set([whole]);
    const equations = [];
    for (let i = 1; i <= 6; i++) {
      await d.slider.fill(String(i * 50));
      await page.waitForFunction(
        (n) => document.querySelector(".network-kicker").textContent === `Phase ${n} of 6`,
        i,
      );
      const math = d.fig.locator(".network-equations math");
      equations.push(await math.evaluateAll((all) => all.map((m) => m.getAttribute("alttext"))));
      await page.waitForTimeout(60);
      seen.add(await d.picture());
      const rows = await d.rows();
      if (i === 4) {
        const product =
          (number(rows.change) * number(rows["its noise"])) / number(rows["size of the noise"]);
        const verdict = number(rows.verdict);
        assert.ok(Math.abs(product / verdict - 1) < 0.03, `${product} is ${verdict}`);
      }
      if (i === 3) {
        const change = number(rows["with noise"]) - number(rows.loss);
        assert.ok(Math.abs(change - number(rows.change)) < 0.002, JSON.stringify(rows));
      }
    }
    assert.equal(seen.size, 7, "every phase has a picture of its own");
    assert.deepEqual(equations[3], ["lambda-hat^l = (L~ - L) xi^l / c_h"]);
    assert.ok(equations.every((list) => list.length > 0));
    assert.equal(await d.slider.getAttribute("aria-valuetext"), "Phase 6 of 6, wires move, 100 %");

    // Other rules have other phases; backpropagation delivers the truth.
    const choose = (name) => d.fig.getByRole("radio", { name, exact: true }).check();
    await choose("BP");
    await d.fig.locator('.network[data-rule="bp"]').waitFor();
    assert.deepEqual(await names(), ["Clean pass", "Loss", "Feedback", "Update"]);
    await d.slider.fill("150");
    const bp = await d.rows();
    assert.equal(bp.delivered, bp.truth);
    assert.equal(bp["delivered to truth, this layer"], "0.0°");
    await choose("Plain NP");
    await d.fig.locator('.network[data-rule="perturb"]').waitFor();
    assert.ok(!(await names()).includes("Feedback"));
    await choose("NP direct");
    await d.fig.locator('.network[data-rule="np-dfa"]').waitFor();
    await d.slider.fill("250");
    assert.match(
      (await d.fig.locator(".network-equations math").first().getAttribute("alttext")) ?? "",
      /e\^out/,
    );

    const step = d.fig.locator(".network-step");
    assert.match((await step.textContent()) ?? "", /^Step 1, digit 1 of 32$/);
    const digit = await d.picture();
    await d.fig.getByRole("button", { name: "Another digit" }).click();
    assert.match((await step.textContent()) ?? "", /digit 2 of 32$/);
    await page.waitForFunction(
      (before) => document.querySelector("canvas.network-canvas").toDataURL() !== before,
      digit,
    );
    assertQuiet(opened);
    await opened.close();
  });

  test("every rule can be taken apart", async () => {
    const ids = ["dfa", "sg", "sg-dfa", "matched", "sign", "mirror", "fa"];
    const opened = await open(env, {
      params: `task=classifier&hidden=12,8&feedback=ridge&warmup=5&rules=${ids.join()}`,
    });
    const { page } = opened;
    const d = await diagram(page);
    for (const id of ids) {
      await d.fig.locator(`input[value="${id}"]`).check();
      await d.fig.locator(`.network[data-rule="${id}"]`).waitFor();
      const phases = await d.fig.locator(".phase-name").count();
      const titles = new Set();
      for (let i = 1; i <= phases; i++) {
        await d.slider.fill(String(i * 50 - 10));
        titles.add(await d.fig.locator(".network-panel h4").textContent());
        assert.ok((await d.fig.locator(".network-equations math").count()) > 0, `${id} ${i}`);
        assert.ok((await d.fig.locator(".network-rows > div").count()) > 0, `${id} ${i}`);
        await assertFormulas(page);
      }
      assert.equal(titles.size, phases, id);
    }
    assertQuiet(opened);
    await opened.close();
  });

  test("playing walks through a real step, does exactly that step, and shows the next", async () => {
    const opened = await open(env, { params: `${SMALL}&rules=np` });
    const { page } = opened;
    const d = await diagram(page);
    // From late in the last phase, so that the test need not wait for the whole show.
    await d.slider.fill("295");
    const before = await table(page, "network");
    await d.fig.locator(".network-play").click();
    await d.fig.locator('.network[data-step="1"]').waitFor({ timeout: 10_000 });
    assert.equal(await iteration(page), 1);
    await d.fig.locator('.network[data-phase="clean"]').waitFor();
    assert.equal((await d.fig.locator(".network-play").textContent())?.trim(), "Pause");
    await d.fig.locator(".network-play").click();
    // Tables follow their pictures calmly.
    const end = Date.now() + 10_000;
    while (isDeepStrictEqual(await table(page, "network"), before)) {
      assert.ok(Date.now() < end, "another batch, other numbers");
      await page.waitForTimeout(100);
    }
    // One phase by its button: plays to its end and stays, without doing the step.
    await d.fig.getByRole("button", { name: /Update/ }).click();
    await page.waitForFunction(
      () =>
        document.querySelector(".network-track input").value === "300" &&
        document.querySelector(".network-play").textContent.trim() !== "Pause",
    );
    assert.equal(await iteration(page), 1);
    assertQuiet(opened);
    await opened.close();
  });

  test("the text leads to the phase it tells of, and the phase back to the text", async () => {
    const context = { reducedMotion: "reduce" };
    const opened = await open(env, { params: `${SMALL}&rules=bp,np`, context });
    const { page } = opened;
    const d = await diagram(page);
    await page.getByRole("button", { name: "1 step", exact: true }).click();
    await waitPhase(page, "paused");
    const inSight = (selector) =>
      page.waitForFunction((selector) => {
        const { top } = document.querySelector(selector).getBoundingClientRect();
        return top >= 0 && top < innerHeight / 2;
      }, selector);
    for (const [title, phase, rule] of [
      ["A clean pass", "clean", "bp"],
      // Only node perturbation does this, so the diagram shows its step.
      ["A verdict for every unit", "correlate", "np"],
      ["A noisy pass", "noisy", "np"],
      ["Feedback weights learn to predict it", "feedback", "np"],
      ["Forward weights learn from the feedback", "update", "np"],
    ]) {
      await page.getByRole("button", { name: `Show it in the diagram: ${title}` }).click();
      await d.fig.locator(`.network[data-rule="${rule}"][data-phase="${phase}"]`).waitFor();
      await inSight('[data-figure="network"]');
      const focused = page.locator(":focus");
      assert.equal(await focused.getAttribute("aria-current"), "step", title);
      assert.equal(await iteration(page), 1, "the run stays as it is");
      // And back.
      await d.fig.getByRole("heading", { level: 4 }).getByRole("link").click();
      await inSight(`#how-${phase}`);
      assert.equal(await focused.getAttribute("id"), `how-${phase}`);
    }
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.closest(".network-phases") !== null);
    await assertAccessible(page);

    // A run without such a step says so instead.
    await page.evaluate(() => {
      location.hash = location.hash.replace("rules=bp,np", "rules=bp");
    });
    const steps = page.locator(".step-link");
    await steps.nth(1).getByText("No rule of the present run does this.").waitFor();
    const shown = await steps.evaluateAll((all) =>
      all.map((p) => p.querySelector("button").checkVisibility()),
    );
    assert.deepEqual(shown, [true, false, false, false, true]);
    await assertAccessible(page);
    assertQuiet(opened);
    await opened.close();
  });

  test("with motion the phase that the text tells of is played", async () => {
    const opened = await open(env, { params: `${SMALL}&rules=np` });
    const { page } = opened;
    const d = await diagram(page);
    await page.getByRole("button", { name: /^Show it in the diagram: a verdict/i }).click();
    await d.fig.locator('.network[data-phase="correlate"]').waitFor();
    await page.waitForFunction(
      () =>
        document.querySelector(".network-track input").value === "200" &&
        document.querySelector(".network-play").textContent.trim() !== "Pause",
    );
    assert.equal(await iteration(page), 0);
    assertQuiet(opened);
    await opened.close();
  });

  test("it follows a run in training, holds a step that is looked at, and catches up when asked", async () => {
    const opened = await open(env, { params: `${SMALL}&rules=np` });
    const { page } = opened;
    const d = await diagram(page);
    await runButton(page).click();
    await waitIteration(page, 5);
    await page.waitForFunction(() => Number(document.querySelector(".network").dataset.step) > 3);
    // Dots wander along the wires while the step shown is the same.
    const moving = await page.evaluate(async () => {
      const root = document.querySelector(".network");
      const canvas = root.querySelector("canvas.network-canvas");
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      for (let tries = 0; tries < 400; tries++) {
        const step = root.dataset.step;
        const a = canvas.toDataURL();
        for (let i = 0; i < 4; i++) await frame();
        if (root.dataset.step === step && canvas.toDataURL() !== a) return true;
      }
      return false;
    });
    assert.ok(moving);
    await d.slider.fill("100");
    const held = await d.shown();
    await waitIteration(page, held + 20);
    assert.equal(await d.shown(), held);
    const notice = d.fig.locator(".network-held");
    assert.match((await notice.textContent()) ?? "", /The run is [\d,]+ steps further/);
    await notice.getByRole("button").click();
    await page.waitForFunction(
      (n) => Number(document.querySelector(".network").dataset.step) > n,
      held,
    );
    assert.equal(await d.phase(), "noisy", "the newest step at the same phase");
    await d.fig.getByRole("button", { name: "Live" }).click();
    assert.equal(await d.phase(), "live");
    await runButton(page).click();
    await waitPhase(page, "paused");
    // At rest it shows the step that comes next.
    await page.waitForFunction(
      () =>
        document.querySelector(".network").dataset.step ===
        document.querySelector(".status dd").textContent.replaceAll(",", ""),
    );
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await d.fig.locator('.network[data-step="0"]').waitFor();
    assertQuiet(opened);
    await opened.close();
  });

  test("everything can be inspected by pointer and by keys, and read as text and as a picture", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np&budget=30" });
    const { page } = opened;
    const d = await diagram(page);
    const canvas = d.fig.locator("canvas.network-canvas");
    const readout = d.fig.locator(".network-readout");
    const unit = d.fig.locator(".network-unit");
    // Keys: from unit to unit, from layer to layer.
    await d.image.focus();
    const first = await unit.textContent();
    await page.keyboard.press("ArrowDown");
    const second = await unit.textContent();
    assert.notEqual(second, first);
    await page.keyboard.press("ArrowLeft");
    assert.match((await unit.textContent()) ?? "", /of h¹$/);
    await d.fig.getByRole("img", { name: /Receptive field of unit/i }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.match((await unit.textContent()) ?? "", /^Output for “\d”$/);
    await page.keyboard.press("Enter");
    assert.match(
      (await readout.textContent()) ?? "",
      /W³ = [+−]?[\d.e−]+, B³ = .*signs (agree|differ)/,
    );
    await page.keyboard.press("PageUp");
    assert.equal(await d.phase(), "clean");
    // Pointer: the digit's pixels, a unit, and somewhere a wire.
    await hover(page, canvas, 50, 222);
    assert.match((await readout.textContent()) ?? "", /^x, pixel \d+, \d+: /);
    const { width, height } = await canvas.boundingBox();
    const found = { unit: false, wire: false };
    for (let x = width * 0.2; x < width * 0.8 && !(found.unit && found.wire); x += 23) {
      for (let y = 80; y < height - 90; y += 17) {
        await hover(page, canvas, x, y);
        const text = (await readout.textContent()) ?? "";
        if (/^Unit \d+ of h/.test(text)) found.unit = true;
        if (/^From .* to .*: W/.test(text)) found.wire = true;
        if (found.unit && found.wire) break;
      }
    }
    assert.deepEqual(found, { unit: true, wire: true });
    // In words, as a table, as a file.
    const rows = await table(page, "network");
    assert.ok(rows.length > 20);
    assert.deepEqual(rows[0].slice(0, 4), ["Unit", "activity", "with noise", "its noise"]);
    assert.match(
      (await d.image.getAttribute("aria-label")) ?? "",
      /^One training step\. Step 1, clean pass\. /,
    );
    const png = await download(page, () => d.fig.getByRole("button", { name: /PNG/ }).click());
    assert.ok(png.bytes.length > 20_000);
    const svg = await download(page, () => d.fig.getByRole("button", { name: /SVG/ }).click());
    const paths = svg.bytes.toString().match(/<path/g) ?? [];
    assert.ok(paths.length > 100, "wires and units as vectors");
    await assertAccessible(page);
    assertQuiet(opened);
    await opened.close();
  });

  test("a phone shows it upright, and without motion phases change at once", async () => {
    const context = {
      viewport: { width: 360, height: 780 },
      reducedMotion: "reduce",
      hasTouch: true,
      isMobile: true,
    };
    const opened = await open(env, { params: `${SMALL}&rules=fa`, context });
    const { page } = opened;
    const d = await diagram(page);
    const { width, height } = await d.fig.locator("canvas.network-canvas").boundingBox();
    assert.ok(height > width, `${width} × ${height}`);
    await d.fig.getByRole("button", { name: /Feedback/ }).click();
    assert.equal(await d.slider.inputValue(), "150", "the end of the phase, at once");
    await page.waitForTimeout(60);
    const still = await d.picture();
    await page.waitForTimeout(250);
    assert.equal(await d.picture(), still, "nothing moves by itself");
    assert.match((await d.rows())["delivered to truth, this layer"] ?? "", /°$/);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(wide, 360, "no sideways scrolling");
    assertQuiet(opened);
    await opened.close();
  });
});
