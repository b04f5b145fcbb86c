/** Estimates beside the truth, the confusion table, what a step costs, and the gradient check. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertAccessible, assertQuiet, figure, open, start, stepTo, table } from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

const number = (text) => Number(text.replace(/[,%×]/g, "").replace("−", "-"));
const readout = (page, id, pattern) =>
  figure(page, id).locator(".readout").filter({ hasText: pattern }).waitFor({ timeout: 30_000 });
const choose = (page, id, name) =>
  figure(page, id).locator(".segments label", { hasText: name }).first().click();
/** Rows of the figure's data table by name. */
async function measures(page) {
  // Opened anew: one that is open follows the chart at a calm pace.
  const details = figure(page, "estimates").locator("details.table");
  if ((await details.getAttribute("open")) !== null) await details.locator("summary").click();
  const [, ...rows] = await table(page, "estimates");
  return (name) => {
    const row = rows.find(([first]) => first.startsWith(name));
    return row.slice(1).map(number);
  };
}

describe("estimates", () => {
  test("costs: on the narrowest phone all values stand under their labels, and it is still a table", async () => {
    const opened = await open(env, {
      params: "task=classifier&rules=np,bp,perturb&warmup=0",
      context: { viewport: { width: 320, height: 640 } },
    });
    const { page } = opened;
    await stepTo(page, "1 step", 1);
    const fig = figure(page, "cost");
    await fig.scrollIntoViewIfNeeded();
    await readout(page, "cost", /weights and biases/);
    const cells = fig.locator("table.cost td");
    await cells
      .filter({ hasText: /^\d[\d,]*$/ })
      .first()
      .waitFor();
    assert.equal(await cells.count(), 3 * 8);
    const wide = await fig.evaluate((root) =>
      [...root.querySelectorAll("*")]
        .filter(
          (part) => part.checkVisibility() && part.closest("thead, .visually-hidden") === null,
        )
        .filter((part) => {
          const { left, right } = part.getBoundingClientRect();
          return left < 0 || right > 320 || part.scrollWidth > part.clientWidth + 1;
        })
        .filter((part) => getComputedStyle(part).display !== "inline")
        .map((part) => `${part.tagName}.${part.className} ${part.textContent}`),
    );
    assert.deepEqual(wide, []);
    // Every value is on the screen, its label above it.
    const labels = await cells.evaluateAll((all) =>
      all.slice(0, 8).map((cell) => {
        const { left, right, height } = cell.getBoundingClientRect();
        const seen = left >= 0 && right <= 320 && height > 24 && cell.textContent !== "";
        return seen ? getComputedStyle(cell, "::before").content.split('"')[1] : "";
      }),
    );
    assert.deepEqual(labels, [
      "Steps a second",
      "Time a step",
      "Forward passes",
      "Error passes",
      "Operations a step",
      "of BP’s",
      "Arithmetic",
      "On",
    ]);
    // To a screen reader the same table as on a wide screen.
    await fig.getByRole("table").waitFor();
    assert.equal(await fig.getByRole("row").count(), 4);
    assert.equal(await fig.getByRole("columnheader").count(), 9);
    assert.equal(await fig.getByRole("rowheader", { name: "Plain NP", exact: true }).count(), 1);
    assert.equal(await fig.getByRole("cell", { name: "processor", exact: true }).count(), 3);
    await assertAccessible(page);
    assertQuiet(opened);
    await opened.close();
  });

  test("estimates, mistakes, costs and the gradient of a classifier", async () => {
    const opened = await open(env, {
      params: "task=classifier&rules=np,bp,perturb&warmup=0&budget=30",
    });
    const { page } = opened;
    await stepTo(page, "1,000 steps", 1000);
    const fig = figure(page, "estimates");
    await fig.scrollIntoViewIfNeeded();

    // Noisy, but about right on average; feedback is learned and nearly free of noise.
    await readout(
      page,
      "estimates",
      /NP, hidden layer 2, unit 1: 1,024 samples .* iteration 1,000/,
    );
    let of = await measures(page);
    const [slope, slopeSent] = of("Slope");
    const [bias] = of("Bias");
    const [error] = of("Its standard error");
    const [spread, spreadSent] = of("Standard deviation of the difference");
    assert.ok(Math.abs(slope - 1) < 0.6, `slope ${slope}`);
    assert.ok(Math.abs(bias) < 4 * error, `bias ${bias} ± ${error}`);
    assert.ok(spread > 4 * spreadSent, `estimates stray ${spread}, feedback ${spreadSent}`);
    assert.ok(slopeSent > 0.2 && of("Correlation")[1] > 0.7, `feedback points the right way`);
    assert.match(await fig.locator(".estimate-noise").innerText(), /c\s*h\s*= 0\.\d+/);
    const drawn = fig.locator("canvas.estimate-map").first();
    const before = await drawn.evaluate((canvas) => canvas.toDataURL());

    // Another unit by keyboard, another layer by arrow keys; nonsense changes nothing.
    await fig.getByRole("spinbutton", { name: "Unit" }).focus();
    await page.keyboard.press("ArrowUp");
    await readout(page, "estimates", /hidden layer 2, unit 2:/);
    assert.notEqual(await drawn.evaluate((canvas) => canvas.toDataURL()), before);
    await page.keyboard.press("Control+A");
    await page.keyboard.type("999");
    await fig.getByRole("radio", { name: "Layer 2" }).focus();
    await page.keyboard.press("ArrowLeft");
    await readout(page, "estimates", /hidden layer 1, unit 1:/);
    assert.equal(await fig.getByRole("spinbutton", { name: "Unit" }).inputValue(), "1");

    // Backpropagation delivers the truth, and is perturbed only for this picture.
    await choose(page, "estimates", "BP");
    await readout(page, "estimates", /^BP/);
    await fig.getByText("Backpropagation delivers the truth itself.").waitFor();
    await fig.getByText("BP does not perturb").waitFor();
    of = await measures(page);
    assert.deepEqual(
      [of("Slope")[1], of("Bias")[1], of("Standard deviation of the difference")[1]],
      [1, 0, 0],
    );
    // Plain perturbation has nothing to deliver.
    await choose(page, "estimates", "Plain NP");
    await fig.getByText("This rule has no feedback").waitFor();
    assert.equal(await fig.locator("canvas.estimate-map:visible").count(), 1);

    // The confusion table is the measured accuracy, taken apart.
    const confusion = figure(page, "confusion");
    await confusion.scrollIntoViewIfNeeded();
    await readout(page, "confusion", /1,000 test digits at iteration 1,000\. NP names/);
    const counts = await confusion
      .locator("table.confusion tbody tr")
      .evaluateAll((rows) =>
        rows.map((row) => [...row.cells].slice(1, 11).map((cell) => Number(cell.textContent) || 0)),
      );
    const all = counts.flat().reduce((sum, n) => sum + n, 0);
    const right = counts.reduce((sum, row, i) => sum + row[i], 0);
    assert.equal(all, 1000);
    const line = await confusion.locator(".readout").textContent();
    assert.ok(line.includes(`names ${(right / 10).toFixed(1)} % right`), line);
    const errors = await table(page, "error");
    const column = errors[0].findIndex((name) => name.startsWith("NP") && name.includes("test"));
    assert.ok(column > 0, errors[0].join());
    // measured on fewer digits than are counted here
    assert.ok(
      Math.abs(number(errors.at(-1)[column]) - (100 - right / 10)) < 6,
      errors.at(-1).join(),
    );
    const [, shown, called, n] = /confused: (\d) called (\d) \((\d+)\)/.exec(line);
    assert.equal(counts[shown][called], Number(n));
    await confusion.scrollIntoViewIfNeeded();
    await choose(page, "confusion", "BP");
    // chosen for good: the link carries it; and the table has no second one below it
    await page.waitForURL(/[?&#].*tablerule=bp/);
    assert.equal(await confusion.locator("details.table").count(), 0);
    await readout(page, "confusion", /BP names/);

    // Costs hang together: two forward passes cost more than one, and rates are quotients.
    const own = figure(page, "cost").locator("table.cost");
    await own.scrollIntoViewIfNeeded();
    const costs = await own.evaluate((t) =>
      [...t.rows].map((r) => [...r.cells].map((c) => c.textContent ?? "")),
    );
    assert.deepEqual(
      costs.slice(1).map(([rule]) => rule),
      ["NP", "BP", "Plain NP"],
    );
    for (const [rule, speed, time, , , flops, ratio, rate] of costs.slice(1)) {
      const [ms, mega] = [Number.parseFloat(time), Number.parseFloat(flops)];
      assert.ok(Math.abs(number(speed) * ms - 1000) < 60, `${rule}: ${speed} × ${time}`);
      assert.ok(Math.abs(mega / ms - Number.parseFloat(rate)) < 0.02 * (mega / ms), rule);
      assert.equal(number(ratio) > 1, rule !== "BP", `${rule} ${ratio}`);
    }
    assert.deepEqual(
      costs.slice(1).map((row) => row[3] + row[4]),
      ["21", "11", "20"],
    );

    // The gradient that everything is compared with is right.
    const check = page.locator('[data-panel="check"]');
    await check.locator("summary").click();
    await check.getByRole("button", { name: "Check now" }).click();
    await check.getByText(/All agree to/).waitFor({ timeout: 60_000 });
    const worst = await check
      .locator("tbody tr")
      .evaluateAll((rows) => rows.map((row) => row.cells[row.cells.length - 1].textContent));
    assert.equal(worst.length, 9);
    assert.ok(
      worst.every((text) => number(text) < 1e-5),
      worst.join(),
    );

    await fig.scrollIntoViewIfNeeded();
    await assertAccessible(page);
    await page.setViewportSize({ width: 320, height: 640 });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
    assertQuiet(opened);
    await opened.close();
  });
});
