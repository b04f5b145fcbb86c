/** The essay: four live figures in a text that reads on a phone, in the dark, by keyboard and by ear. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertAccessible, assertFormulas, assertQuiet, open, start } from "./harness.mjs";

const FIGURES = ["figure-1", "figure-2", "figure-3", "figure-4"];

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

/** Opens the essay and waits until its figures are there. */
async function read(context = {}) {
  const opened = await open(env, { query: "article.html", ready: false, context });
  await opened.page.waitForFunction(
    () => [...document.querySelectorAll("credit-lab")].every((e) => e.status?.phase === "ready"),
    null,
    { polling: 100, timeout: 60_000 },
  );
  return opened;
}

describe("article", () => {
  test("each figure trains while it is read, and holds when it is scrolled away", async () => {
    const opened = await read();
    const { page } = opened;
    const status = (id) => page.evaluate((id) => document.getElementById(id).status, id);
    for (const id of FIGURES)
      assert.equal((await status(id)).iteration, 0, "nothing begins by itself");
    for (const id of FIGURES) {
      const figure = page.locator(`#${id}`);
      const button = figure.getByRole("button", { name: "Run", exact: true });
      await button.scrollIntoViewIfNeeded();
      await button.click();
      await page.waitForFunction((id) => document.getElementById(id).status.iteration >= 10, id, {
        timeout: 60_000,
      });
    }
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForFunction(
      (ids) => ids.every((id) => document.getElementById(id).status.suspended),
      FIGURES,
    );
    const before = await Promise.all(FIGURES.map(status));
    await page.waitForTimeout(400);
    const after = await Promise.all(FIGURES.map(status));
    assert.deepEqual(
      after.map(({ iteration }) => iteration),
      before.map(({ iteration }) => iteration),
    );
    // What each figure is there to show.
    const shown = await page.evaluate(() =>
      [...document.querySelectorAll("credit-lab")].map((e) => [
        e.config.task,
        e.config.rules.join(),
        [...e.shadowRoot.querySelectorAll("[data-figure]")].map((f) => f.dataset.figure).join(),
      ]),
    );
    assert.deepEqual(shown, [
      ["classifier", "bp,fa", "error,angle"],
      ["classifier", "np", "angle,relative"],
      ["autoencoder", "np,bp,fa", "latent,images,loss"],
      ["classifier", "np,perturb", "angle,error"],
    ]);
    assert.deepEqual(await page.locator('[data-notice="attributes"]').count(), 0);
    assertQuiet(opened);
    await opened.close();
  });

  test("noise turned up while it trains widens the angle, as the text says", async () => {
    const opened = await read();
    const { page } = opened;
    const angle = (id, from) =>
      page.evaluate(
        async ([id, from]) => {
          const lab = document.getElementById(id);
          lab.scrollIntoView();
          const found = new Promise((resolve) => {
            lab.addEventListener("metrics", ({ detail }) => {
              if (detail.rule === "np" && detail.step >= from) resolve(detail.layers[1].angle);
            });
          });
          lab.step(from - lab.status.iteration);
          return found;
        },
        [id, from],
      );
    // Figure 2: feedback finds the way back.
    assert.ok((await angle("figure-2", 600)) < 20);
    const quiet = await angle("figure-4", 800);
    await page.locator("#figure-4").getByLabel("NP: c_h, number", { exact: true }).fill("1");
    await page.keyboard.press("Enter");
    const loud = await angle("figure-4", 1600);
    assert.ok(quiet < 25 && loud > quiet + 8, `${quiet}° became ${loud}°`);
    assertQuiet(opened);
    await opened.close();
  });

  test("the theme of the page is the theme of its figures", async () => {
    const opened = await read({ colorScheme: "light" });
    const { page } = opened;
    const papers = () =>
      page.evaluate(() =>
        ["html", "credit-lab"].map(
          (s) => getComputedStyle(document.querySelector(s)).backgroundColor,
        ),
      );
    const [light] = await papers();
    assert.deepEqual(await papers(), [light, light]);
    await page.getByLabel("Theme").selectOption("dark");
    const [dark] = await papers();
    assert.notEqual(dark, light);
    assert.deepEqual(await papers(), [dark, dark]);
    await assertAccessible(page);
    assertQuiet(opened);
    await opened.close();
  });

  test("axe finds nothing, nothing scrolls sideways, down to small phones", async () => {
    for (const width of [1280, 768, 360, 320]) {
      const opened = await read({ viewport: { width, height: 800 } });
      const { page } = opened;
      await page.locator("#figure-1").scrollIntoViewIfNeeded();
      await page.locator("#figure-1").getByText("Data table").first().click();
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(over, 0, `${width} px`);
      if (width === 1280 || width === 360) await assertAccessible(page);
      await assertFormulas(page);
      assertQuiet(opened);
      await opened.close();
    }
  });

  test("there is a way to the laboratory, and from there to the essay", async () => {
    const opened = await read();
    const { page } = opened;
    await page.getByRole("link", { name: "Open the laboratory" }).click();
    await page.locator('.lab[data-phase="ready"]').waitFor();
    await page.getByRole("link", { name: "Who gets the blame?" }).click();
    await page.locator("#figure-1").waitFor();
    assertQuiet(opened);
    await opened.close();
  });

  test("without scripts the text stands, and figures say what they lack", async () => {
    const ctx = await env.browser.newContext({ javaScriptEnabled: false });
    const page = await ctx.newPage();
    await page.goto(`${env.site.url}article.html`);
    assert.equal(await page.getByText("needs JavaScript").first().isVisible(), true);
    assert.equal(await page.locator("math[display]").count(), 3);
    await ctx.close();
  });
});
