/**
 * Screenshots of the page in several states, for a picky look and for the README:
 *   node tests/browser/shots.mjs OUT_DIR
 * Desktop (1280), phone (390) and dark; start, running, long run, classifier, messages, article.
 * The README's pictures: node tests/browser/shots.mjs docs/pictures readme
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { drop, figure, open, runButton, start, waitIteration, waitPhase } from "./harness.mjs";

const out = process.argv[2];
if (out === undefined) {
  console.error("usage: node tests/browser/shots.mjs OUT_DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const wanted = process.argv.slice(3);

const env = await start();

async function shot(name, settings, prepare) {
  if (wanted.length > 0 && !wanted.some((w) => name.includes(w))) return;
  const { page, close } = await open(env, settings);
  await prepare(page);
  const target = { path: path.join(out, `${name}.png`), fullPage: settings.full === true };
  if (settings.instrument === undefined) {
    await page.screenshot(target);
  } else {
    // The instrument alone, down to the given height: the README's pictures.
    const box = await page.locator("[data-lab]").boundingBox();
    const clip = { x: 0, y: box.y, width: 1280, height: settings.instrument };
    await page.screenshot({ ...target, fullPage: true, clip });
  }
  console.log(name);
  await close();
}

const run = (n) => async (page) => {
  await runButton(page).click();
  await waitIteration(page, n, 600_000);
  await runButton(page).click();
  await waitPhase(page, "paused");
  await page.waitForTimeout(900);
};

const desktop = { viewport: { width: 1280, height: 900 } };
const phone = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};
const narrow = {
  viewport: { width: 320, height: 640 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};
const dark = { colorScheme: "dark" };
const fast = "budget=30";

try {
  await shot("desktop-start", { context: desktop, full: true }, (page) => page.waitForTimeout(800));
  await shot("desktop-run", { context: desktop, full: true, params: fast }, async (page) => {
    await run(2000)(page);
    await figure(page, "sign").scrollIntoViewIfNeeded();
    await page.waitForTimeout(1500);
    await page.evaluate(() => scrollTo(0, 0));
  });
  await shot(
    "desktop-dark",
    { context: { ...desktop, ...dark }, full: true, params: fast },
    async (page) => {
      await run(400)(page);
      await figure(page, "sign").scrollIntoViewIfNeeded();
      await page.waitForTimeout(1500);
      await page.evaluate(() => scrollTo(0, 0));
    },
  );
  await shot(
    "desktop-classifier",
    { context: desktop, full: true, params: `task=classifier&${fast}` },
    async (page) => {
      await run(6000)(page);
      await figure(page, "sign").scrollIntoViewIfNeeded();
      await page.waitForTimeout(1500);
      await page.evaluate(() => scrollTo(0, 0));
    },
  );
  await shot(
    "desktop-messages",
    { context: desktop, params: "seed=-5&colour=red&rules=np,xyz" },
    async (page) => {
      await drop(page, [{ name: "holiday.jpg", bytes: Buffer.from("not an IDX file") }]);
      await page.waitForTimeout(500);
    },
  );
  await shot("desktop-settings", { context: desktop, full: true }, async (page) => {
    await page.getByText("More settings").click();
    await page.waitForTimeout(500);
  });
  await shot("desktop-hover", { context: desktop, params: fast }, async (page) => {
    await run(400)(page);
    const box = await figure(page, "latent").locator("canvas.map").first().boundingBox();
    await figure(page, "latent").scrollIntoViewIfNeeded();
    const moved = await figure(page, "latent").locator("canvas.map").first().boundingBox();
    if (box !== null && moved !== null) {
      await page.mouse.move(moved.x + moved.width * 0.5, moved.y + moved.height * 0.5);
    }
    await page.waitForTimeout(600);
  });
  await shot("phone-start", { context: phone, full: true }, (page) => page.waitForTimeout(800));
  await shot("phone-run", { context: phone, params: fast }, async (page) => {
    await run(300)(page);
    await figure(page, "loss").scrollIntoViewIfNeeded();
    await page.waitForTimeout(1200);
  });
  await shot("phone-dark", { context: { ...phone, ...dark }, params: fast }, async (page) => {
    await run(100)(page);
    await figure(page, "latent").scrollIntoViewIfNeeded();
    await page.waitForTimeout(1200);
  });
  await shot("narrow-start", { context: narrow }, (page) => page.waitForTimeout(800));
  const experiment = async (page) => {
    await page.locator(".experiment-body button.run").click();
    const done = page.locator('.experiment-body[data-phase="finished"]');
    await done.waitFor({ timeout: 600_000 });
    await page.waitForTimeout(2500);
    await page.locator("[data-experiments]").scrollIntoViewIfNeeded();
  };
  const fig2 = "?preset=fig2&seeds=2&steps=2000";
  const fig3 = "?preset=fig3&seeds=1&steps=1000";
  await shot("experiment-fig2", { context: desktop, full: true, query: fig2 }, experiment);
  await shot(
    "experiment-dark",
    { context: { ...desktop, ...dark }, full: true, query: fig3 },
    experiment,
  );
  await shot("experiment-phone", { context: phone, full: true, query: fig2 }, experiment);
  const settled = (n) => async (page) => {
    await run(n)(page);
    await figure(page, "sign").scrollIntoViewIfNeeded();
    await page.waitForTimeout(1500);
    await page.evaluate(() => scrollTo(0, 0));
  };
  const picture = { context: desktop, instrument: 1010 };
  await shot("readme-autoencoder", { ...picture, params: fast }, settled(12_000));
  await shot(
    "readme-classifier",
    { ...picture, params: `task=classifier&${fast}`, instrument: 1560 },
    settled(12_000),
  );
} finally {
  await env.close();
}
