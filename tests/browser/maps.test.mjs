/** Looking into the networks: heat maps of W and B, angle dials, the probe on the latent map, the drawing pad. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cifarSet } from "./cifar.mjs";
import {
  assertAccessible,
  assertQuiet,
  drop,
  figure,
  open,
  runButton,
  start,
  stepTo,
  table,
  waitIteration,
} from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

const number = (text) => Number(text.replaceAll(",", "").replace("−", "-").replace(/[°%]/g, ""));
const readout = (page, id) => figure(page, id).locator(".readout");
/** Waits until the readout of a figure matches, and returns it. */
async function waitReadout(page, id, pattern) {
  await readout(page, id).filter({ hasText: pattern }).waitFor({ timeout: 30_000 });
  return (await readout(page, id).textContent()) ?? "";
}
const EXAMPLE = "A test digit. Draw your own instead.";
const choose = (page, name) =>
  figure(page, "matrices").locator(".segments label", { hasText: name }).click();
const picture = (page, part) =>
  figure(page, "matrices")
    .locator("canvas.weight-map")
    .nth(part)
    .evaluate((c) => c.toDataURL());
/** Mean distance of a canvas's opaque pixels from a colour. */
const strength = (page, part) =>
  figure(page, "matrices")
    .locator("canvas.weight-map")
    .nth(part)
    .evaluate((canvas) => {
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height);
      const ctx = copy.getContext("2d", { willReadFrequently: true });
      ctx.drawImage(canvas, 0, 0);
      const { data } = ctx.getImageData(0, 0, width, height);
      const zero = getComputedStyle(canvas).getPropertyValue("--map-zero").trim();
      const rgb = [1, 3, 5].map((i) => Number.parseInt(zero.slice(i, i + 2), 16));
      let sum = 0;
      for (let i = 0; i < data.length; i += 4)
        for (let c = 0; c < 3; c++) sum += Math.abs(data[i + c] - rgb[c]);
      return sum / (data.length / 4);
    });

describe("maps", () => {
  test("pad: a test digit stands there, is answered while the rules learn, and gives way to the first stroke", async () => {
    const opened = await open(env, {
      params: "task=classifier&rules=np,bp&warmup=0&budget=30",
      context: { viewport: { width: 390, height: 700 } },
    });
    const { page } = opened;
    const draw = figure(page, "draw");
    const help = draw.locator('p[id$="-pad-help"]');
    const padded = () => draw.locator("canvas.pad").evaluate((c) => c.toDataURL());
    /** The pad's pixels in a square of a tenth around a place, as shares of its side. */
    const spread = (x, y) =>
      draw.locator("canvas.pad").evaluate(
        (canvas, at) => {
          const side = Math.round(canvas.width / 10);
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
          copy.drawImage(canvas, 0, 0);
          const [left, top] = at.map((v) => Math.round(v * canvas.width - side / 2));
          const { data } = copy.getImageData(left, top, side, side);
          const greens = data.filter((_, i) => i % 4 === 1);
          return greens.reduce((a, b) => Math.max(a, b)) - greens.reduce((a, b) => Math.min(a, b));
        },
        [x, y],
      );

    // Out of sight nothing is put there, nor asked.
    await page.waitForTimeout(500);
    assert.equal(await readout(page, "draw").textContent(), "");
    assert.equal(await draw.getByText(EXAMPLE).count(), 0);

    // In sight it is there by itself, with every rule's answer; nothing is announced.
    await draw.scrollIntoViewIfNeeded();
    await draw.getByText(EXAMPLE).waitFor();
    const first = await waitReadout(page, "draw", /^NP says \d .*BP says \d/);
    assert.equal(await draw.locator("[aria-live=polite]").textContent(), "");
    assert.match(await help.textContent(), /^The pad shows a test digit until you draw/);
    await draw
      .getByRole("img", { name: /A test digit, until you draw your own: a 2\. NP says/ })
      .waitFor();
    assert.equal((await table(page, "draw")).length, 3);
    await runButton(page).click();
    await draw.scrollIntoViewIfNeeded();
    await page.waitForFunction((old) => {
      const now = document.querySelector('[data-figure="draw"] .readout').textContent;
      return now !== old && now.includes("says");
    }, first);
    await runButton(page).click();
    await draw.locator(".pad").scrollIntoViewIfNeeded();
    const example = await padded();

    // A dot in a corner is all that is left on the pad.
    assert.ok((await spread(0.5, 0.5)) > 60, "ink in the middle");
    const pad = await draw.locator(".pad").boundingBox();
    await page.mouse.move(pad.x + pad.width * 0.15, pad.y + pad.height * 0.15);
    await page.mouse.down();
    await page.mouse.up();
    await draw.locator("[aria-live=polite]").filter({ hasText: "NP says" }).waitFor();
    await page.waitForTimeout(100);
    assert.ok((await spread(0.15, 0.15)) > 60, "the dot");
    assert.equal(await spread(0.5, 0.5), 0, "nothing else");
    assert.equal(await draw.getByText(EXAMPLE).count(), 0);
    assert.match(await help.textContent(), /^Draw with mouse/);
    await page.mouse.move(pad.x + pad.width * 0.85, pad.y + pad.height * 0.85);
    await page.mouse.down();
    await page.mouse.up();
    await page.waitForTimeout(100);
    assert.ok((await spread(0.15, 0.15)) > 60, "the second stroke adds to the first");

    // What the reader clears stays empty, in and out of sight.
    await draw.getByRole("button", { name: "Clear" }).click();
    await draw.getByText("Draw a digit on the pad").waitFor();
    const cleared = await padded();
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.waitForTimeout(300);
    await draw.scrollIntoViewIfNeeded();
    await page.waitForTimeout(500);
    assert.equal(await padded(), cleared);
    assert.notEqual(cleared, example);
    assertQuiet(opened);
    await opened.close();
  });

  test("classifier: B turns into W before one's eyes, cells can be read, needles fall, a digit is named", async () => {
    const opened = await open(env, {
      params:
        "task=classifier&rules=np,bp,np-dfa,perturb&freeze=1&feedback=ridge&warmup=0&budget=30",
    });
    const { page } = opened;
    const maps = figure(page, "matrices");
    await maps.scrollIntoViewIfNeeded();
    const before = await waitReadout(page, "matrices", /NP: ‖B − W‖/);
    assert.ok(number(/= ([\d.]+),/.exec(before)[1]) > 0.8, before);
    await page.waitForTimeout(200);
    const missing = await strength(page, 2);
    assert.ok(missing > 20, `B − W is coloured at first: ${missing}`);
    await stepTo(page, "1,000 steps", 1000);
    await maps.scrollIntoViewIfNeeded();
    await page.waitForFunction(
      () => {
        const line = document.querySelector('[data-figure="matrices"] .readout')?.textContent ?? "";
        const found = /= ([\d.]+),/.exec(line);
        return found !== null && Number(found[1]) < 0.5;
      },
      null,
      { timeout: 20_000 },
    );
    await page.waitForTimeout(200);
    assert.ok((await strength(page, 2)) < missing / 2, "what is missing fades");

    // The picture's own numbers agree with the measured ones, once both tables have come to the last step.
    let [distance, measured] = [0, Number.POSITIVE_INFINITY];
    for (let tries = 0; tries < 8 && Math.abs(measured - distance) >= 0.01; tries++) {
      const rows = await table(page, "matrices");
      distance = number(rows.find(([name]) => name.startsWith("Distance"))[2]);
      const alignment = await table(page, "relative");
      const column = alignment[0].findIndex((name) => name.startsWith("NP") && name.includes("W³"));
      assert.ok(column > 0, alignment[0].join());
      measured = number(alignment.at(-1)[column]);
    }
    assert.ok(Math.abs(measured - distance) < 0.01, `${measured} beside ${distance}`);

    // Arrow keys read one cell.
    await maps.scrollIntoViewIfNeeded();
    await maps.locator(".weight-maps").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    const cell = await waitReadout(page, "matrices", /From unit 2 of hidden layer 2 to output 1/);
    const [w, b, apart] = [...cell.matchAll(/(?:W|B|B − W) (−?[\d.e−]+)[,:]/g)].map((m) =>
      number(m[1]),
    );
    assert.ok(Math.abs(b - w - apart) < 0.01, cell);
    assert.match(cell, new RegExp(`signs ${Math.sign(w) === Math.sign(b) ? "agree" : "differ"}`));
    const box = await maps.locator("canvas.weight-map").nth(1).boundingBox();
    await page.mouse.move(box.x + box.width * 0.975, box.y + box.height * 0.95);
    await waitReadout(page, "matrices", /From unit 20 of hidden layer 2 to output 9/);

    // Signs, and rules whose B is W, has another shape, or is not there.
    const difference = await picture(page, 2);
    await choose(page, "Equal signs");
    await maps.locator(".map-legend").getByText("same sign").waitFor();
    await page.waitForFunction(
      (old) =>
        document.querySelectorAll('[data-figure="matrices"] canvas.weight-map')[2].toDataURL() !==
        old,
      difference,
    );
    await choose(page, "BP");
    await maps.getByText("here B is W").waitFor();
    assert.equal(await maps.locator("canvas.weight-map:visible").count(), 1);
    await choose(page, "Plain NP");
    await maps.getByText("there is no B").waitFor();
    await choose(page, "NP direct");
    await choose(page, "W²");
    await maps.getByText(/compared with W³\sW²/).waitFor();
    await maps.locator("th", { hasText: /B² − W³\sW²/ }).waitFor();

    // Dials show what the curves end in.
    const dials = await table(page, "dials");
    const angles = await table(page, "angle");
    const np = dials.find(([rule]) => rule === "NP");
    const last = angles.at(-1)[angles[0].findIndex((n) => n.startsWith("NP") && n.includes("W³"))];
    assert.equal(np[2], last);
    assert.ok(number(np[2]) < 45, "ridge feedback points downhill");
    assert.equal(dials.find(([rule]) => rule === "BP")[1], "0.0°");
    const words = await figure(page, "dials").locator(".dial-values").nth(1).textContent();
    assert.match(words, /NP\d+(\.\d)?°(nearly exact|downhill)/);

    // A test digit is answered by every rule, and by the rule's own scores.
    const draw = figure(page, "draw");
    await draw.scrollIntoViewIfNeeded();
    await draw.getByRole("button", { name: "A test digit" }).click();
    await waitReadout(
      page,
      "draw",
      /NP says \d .*BP says \d .*NP direct says \d .*Plain NP says \d/,
    );
    const scores = await table(page, "draw");
    for (const row of scores.slice(1)) {
      const values = row.slice(2).map(number);
      assert.equal(values.indexOf(Math.max(...values)), number(row[1]), row.join());
    }

    // Colour pictures of another size: the pad says why it is not there.
    await drop(page, cifarSet());
    await draw.getByText("The images loaded now have 32 × 32 in colour").waitFor();
    assert.equal(await draw.getByRole("application").isVisible(), false);
    assertQuiet(opened);
    await opened.close();
  });

  test("a link leads to the rules, layers and units that figures were looking at", async () => {
    const opened = await open(env, {
      params: "rules=np,bp,fa&budget=30",
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    const { page } = opened;
    const pick = (id, name) =>
      figure(page, id).locator(".segments label", { hasText: name }).first().click();
    const chosen = (where, id) =>
      figure(where, id)
        .locator(".segments input:checked")
        .evaluateAll((radios) => radios.map((radio) => radio.closest("label").innerText.trim()));
    /** What was chosen, as the figures show it and as they say it of what they drew. */
    const looked = async (where) => {
      for (const id of ["network", "matrices", "estimates"])
        await figure(where, id).scrollIntoViewIfNeeded();
      await waitReadout(where, "estimates", /^BP, hidden layer 3, unit 7:/);
      await figure(where, "matrices").scrollIntoViewIfNeeded();
      await waitReadout(where, "matrices", /^FA: /);
      // Of weights to pixels there are more than one page.
      await figure(where, "matrices").getByText("Units 1 to").waitFor();
      assert.deepEqual((await chosen(where, "matrices")).slice(0, 2), ["FA", "W⁴"]);
      assert.deepEqual(await chosen(where, "estimates"), ["BP", "Layer 3"]);
      const unit = figure(where, "estimates").getByRole("spinbutton", { name: "Unit" });
      assert.equal(await unit.inputValue(), "7");
      await figure(where, "network").scrollIntoViewIfNeeded();
      assert.ok((await chosen(where, "network")).includes("FA"));
    };

    await figure(page, "matrices").scrollIntoViewIfNeeded();
    await waitReadout(page, "matrices", /^NP: /);
    assert.doesNotMatch(page.url(), /rule=|layer=|estunit=/);
    await pick("matrices", "FA");
    await pick("matrices", "W⁴");
    await pick("estimates", "BP");
    await pick("estimates", "Layer 3");
    const unit = figure(page, "estimates").getByRole("spinbutton", { name: "Unit" });
    await unit.fill("7");
    await pick("network", "FA");
    await looked(page);
    await page.getByRole("button", { name: "Copy link to here" }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(
      link,
      /&netrule=fa&maprule=fa&maplayer=4&estrule=bp&estlayer=3&estunit=7(&|$)/,
      link,
    );
    const other = await open(env, { params: new URL(link).hash.slice(1) });
    await looked(other.page);
    assertQuiet(other);
    await other.close();

    // Back to what is shown without a choice, and nothing of it is left in the address.
    await pick("network", "NP");
    await pick("matrices", "NP");
    await pick("matrices", "W²");
    await pick("estimates", "NP");
    await pick("estimates", "Layer 2");
    await page.waitForFunction(() => !/rule=|layer=|estunit=/.test(location.hash));
    await waitReadout(page, "estimates", /^NP, hidden layer 2, unit 1:/);
    assertQuiet(opened);
    await opened.close();
  });

  test("autoencoder: the probe decodes what lies under it, by key, mouse and on another map", async () => {
    const opened = await open(env, {
      params: "rules=np,bp&budget=30",
      context: { hasTouch: true, reducedMotion: "reduce" },
    });
    const { page } = opened;
    await runButton(page).click();
    await waitIteration(page, 60);
    await runButton(page).click();
    const latent = figure(page, "latent");
    await latent.scrollIntoViewIfNeeded();
    const decoded = latent.locator(".decoded");
    const shown = () => decoded.locator("canvas").evaluate((c) => c.toDataURL());
    /** The code that the picture was made from. */
    const code = async () => ((await decoded.getAttribute("data-code")) ?? "").split(" ");
    const probe = latent.getByRole("slider", { name: /Probe on the map of NP/ });
    await probe.waitFor();
    await page.waitForFunction(() =>
      document.querySelector(".decoded")?.dataset.code?.startsWith("np "),
    );
    const first = { code: await code(), shown: await shown() };
    await probe.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowRight");
    await page.waitForFunction(
      (old) => Number(document.querySelector(".decoded").dataset.code.split(" ")[1]) > old + 1e-3,
      Number(first.code[1]),
    );
    assert.equal((await code())[2], first.code[2], "only the first number moved");
    await page.waitForTimeout(100);
    assert.ok((await shown()) !== first.shown, "another picture");

    // A drag ends where the pointer was let go, and the picture is that of the place.
    const map = await latent.locator("canvas.map").nth(1).boundingBox();
    await page.mouse.move(map.x + map.width * 0.3, map.y + map.height * 0.3);
    await page.mouse.down();
    await page.mouse.move(map.x + map.width * 0.6, map.y + map.height * 0.6, { steps: 12 });
    await page.mouse.up();
    const ring = latent.getByRole("slider", { name: /Probe on the map of BP/ });
    const at = await ring.boundingBox();
    assert.ok(Math.abs(at.x + at.width / 2 - map.x - map.width * 0.6) < 2, "the ring follows");
    const wanted = (await ring.getAttribute("aria-valuetext")).match(/−?[\d.]+/g).map(number);
    await page.waitForFunction(
      ([x, y]) => {
        const [rule, a, b] = document.querySelector(".decoded").dataset.code.split(" ");
        return rule === "bp" && Math.abs(a - x) < 0.01 && Math.abs(b - y) < 0.01;
      },
      wanted,
      { timeout: 10_000 },
    );

    // A tap places it, on whichever map.
    const other = await latent.locator("canvas.map").first().boundingBox();
    await page.touchscreen.tap(other.x + other.width * 0.25, other.y + other.height * 0.5);
    await probe.waitFor();
    assert.ok(Math.abs(Number(await probe.getAttribute("aria-valuenow")) - 24) <= 2);

    // Weights to pixels are tiles, and there are more of them on the next page.
    const maps = figure(page, "matrices");
    await maps.scrollIntoViewIfNeeded();
    await waitReadout(page, "matrices", /NP: ‖B − W‖/);
    await choose(page, "W⁴");
    await maps.getByText("Units 1 to").waitFor();
    const tiles = await picture(page, 0);
    await maps.getByRole("button", { name: "Next units" }).click();
    await maps.getByText(/Units [1-9]\d to/).waitFor();
    await page.waitForTimeout(200);
    assert.ok((await picture(page, 0)) !== tiles, "other units");

    // Drawing by keys alone; space must not run the simulator. The example gives way to it.
    const draw = figure(page, "draw");
    await draw.scrollIntoViewIfNeeded();
    await draw.getByText(EXAMPLE).waitFor();
    await draw.getByRole("application").focus();
    const example = await waitReadout(page, "draw", /NP: loss [\d.]+; BP: loss [\d.]+/);
    await page.keyboard.press("Shift+ArrowUp");
    await page.keyboard.press("Space");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Space");
    assert.equal(await draw.getByText(EXAMPLE).isVisible(), false);
    await draw.locator("[aria-live=polite]").filter({ hasText: "NP: loss" }).waitFor();
    const stroke = await waitReadout(page, "draw", /NP: loss [\d.]+; BP: loss [\d.]+/);
    assert.notEqual(stroke, example, "another drawing has another loss");
    assert.equal(await page.locator(".lab").getAttribute("data-phase"), "paused");
    const rows = await table(page, "draw");
    assert.equal(rows.length, 3);
    assert.match(rows[1][2], /^−?[\d.]+, −?[\d.]+$/);
    // While the networks learn, their answers to the same drawing change.
    await runButton(page).click();
    await page.waitForFunction(
      (old) => {
        const now = document.querySelector('[data-figure="draw"] .readout').textContent;
        return now !== old && now.includes("loss");
      },
      stroke,
      { timeout: 20_000 },
    );
    await runButton(page).click();
    await draw.getByRole("button", { name: "Clear" }).click();
    await draw.getByText("Draw a digit on the pad").waitFor();
    const pad = await draw.locator(".pad").boundingBox();
    await page.mouse.move(pad.x + pad.width * 0.4, pad.y + pad.height * 0.2);
    await page.mouse.down();
    await page.mouse.move(pad.x + pad.width * 0.6, pad.y + pad.height * 0.8, { steps: 6 });
    await page.mouse.up();
    await waitReadout(page, "draw", /NP: loss/);
    await assertAccessible(page);
    assertQuiet(opened);
    await opened.close();
  });
});
