/**
 * Screenshots of the page in several states, for a picky look and for the README:
 *   node tests/browser/shots.mjs OUT_DIR
 * Every state at three widths in both themes, named state-width-theme; words after the folder choose among them.
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

const fast = "budget=30";
const desktop = { viewport: { width: 1280, height: 900 } };
const widths = [
  { name: "1280", ...desktop },
  { name: "768", viewport: { width: 768, height: 1024 } },
  {
    name: "360",
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  },
];

/** Once down and up: what is out of sight draws nothing. */
async function look(page) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  for (let y = 0; y < height; y += 600) {
    await page.evaluate((to) => scrollTo({ top: to, behavior: "instant" }), y);
    await page.waitForTimeout(250);
  }
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  await page.waitForTimeout(400);
}

const finished = async (page) => {
  await page.locator(".experiment-body button.run").click();
  await page.locator('.experiment-body[data-phase="finished"]').waitFor({ timeout: 600_000 });
  await look(page);
  const top = await page.locator("[data-experiments]").boundingBox();
  await page.evaluate((y) => scrollTo({ top: y, behavior: "instant" }), top?.y ?? 0);
};

/** Every state that the page can be found in. */
const states = {
  start: { prepare: look, full: true },
  running: { params: fast, full: true, prepare: (page) => run(400)(page).then(() => look(page)) },
  classifier: {
    params: `task=classifier&rules=np,bp,fa,sign&${fast}`,
    full: true,
    prepare: (page) => run(1500)(page).then(() => look(page)),
  },
  messages: {
    params: "seed=-5&colour=red&rules=np,xyz&data=https://example.org/digits/",
    prepare: async (page) => {
      await drop(page, [{ name: "holiday.jpg", bytes: Buffer.from("not an IDX file") }]);
      await page.locator(".notices").scrollIntoViewIfNeeded();
      await page.waitForTimeout(500);
    },
  },
  settings: {
    full: true,
    prepare: async (page) => {
      await page.getByText("More settings").click();
      await look(page);
    },
  },
  experiment: { query: "?preset=fig2&seeds=2&steps=600", full: true, prepare: finished },
  article: { query: "article.html", ready: false, full: true, prepare: look },
  embed: {
    query: "embed.html?preset=fig3&rules=np,bp,fa&autoplay=1",
    ready: false,
    full: true,
    prepare: (page) => page.waitForTimeout(4000),
  },
  forced: { context: { forcedColors: "active" }, prepare: look },
};

try {
  for (const [state, { prepare, context = {}, ...settings }] of Object.entries(states)) {
    for (const { name, ...size } of widths) {
      for (const colorScheme of ["light", "dark"]) {
        const ctx = { ...size, ...context, colorScheme };
        await shot(`${state}-${name}-${colorScheme}`, { ...settings, context: ctx }, prepare);
      }
    }
  }
  const settled = (n) => async (page) => {
    await run(n)(page);
    await figure(page, "sign").scrollIntoViewIfNeeded();
    await page.waitForTimeout(1500);
    await page.evaluate(() => scrollTo(0, 0));
  };
  const picture = { context: desktop, instrument: 880 };
  await shot("readme-autoencoder", { ...picture, params: fast }, settled(3_000));
  await shot(
    "readme-classifier",
    { ...picture, params: `task=classifier&${fast}`, instrument: 1560 },
    settled(12_000),
  );
} finally {
  await env.close();
}
