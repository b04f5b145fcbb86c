/** The laboratory's tools: pins, zoom, drawings, kept runs, links to an iteration, the native command, comparisons. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  assertAccessible,
  assertQuiet,
  download,
  figure,
  iteration,
  notice,
  open,
  runButton,
  start,
  stepTo,
  waitIteration,
  waitPhase,
} from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

/** Small enough to be trained in a moment. */
const SMALL = "hidden=20-2-20&every=10&budget=30";
const button = (page, name) => page.getByRole("button", { name, exact: true });
const json = async (page) =>
  JSON.parse((await download(page, () => button(page, "JSON").click())).bytes.toString()).runs;
const pin = (page, letter) => page.locator(`[data-pin="${letter}"]`);
const rows = (locator) =>
  locator.evaluate((t) => [...t.rows].map((r) => [...r.cells].map((c) => c.textContent ?? "")));

/** A figure's SVG file, and what the browser's own parser finds in it. */
async function drawing(page, source) {
  const { name, bytes } = await download(page, () =>
    source.getByRole("button", { name: /SVG drawing/ }).click(),
  );
  assert.match(name, /\.svg$/);
  const text = bytes.toString();
  const found = await page.evaluate((xml) => {
    const doc = new DOMParser().parseFromString(xml, "image/svg+xml");
    const all = (selector) => [...doc.querySelectorAll(selector)];
    return {
      broken: doc.querySelector("parsererror")?.textContent ?? null,
      ticks: all('text[text-anchor="middle"]').map((t) => t.textContent ?? ""),
      texts: all("text").map((t) => t.textContent ?? ""),
      strokes: all('path[fill="none"]').map((p) => [
        p.getAttribute("stroke"),
        p.getAttribute("d")?.length ?? 0,
      ]),
      fills: all("path:not([fill=none])").map((p) => p.getAttribute("fill")),
      images: all("image").map((i) => i.getAttribute("href")?.slice(0, 22)),
      scripts: all("script, foreignObject").length,
    };
  }, text);
  assert.equal(found.broken, null);
  assert.equal(found.scripts, 0);
  return { text, ...found };
}

/** Largest tick of the iterations in a drawing. */
const lastTick = ({ ticks }) => Math.max(...ticks.map(Number));

/** Opens a run that has been trained to iteration 200, by a link. */
async function trained(params, settings = {}) {
  const opened = await open(env, { params: `${params}&at=200`, ready: false, ...settings });
  await waitPhase(opened.page, "paused");
  await waitIteration(opened.page, 200);
  return opened;
}

/** The numbers that do not depend on where a measurement before was. */
const exact = (runs) =>
  runs.map((run) => ({ ...run, metrics: run.metrics.map((m) => ({ ...m, running_loss: 0 })) }));

describe("lab", () => {
  test("a pinned run stays behind the next ones, in figures, table and browser", async () => {
    const opened = await trained(`${SMALL}&rules=np,fa`);
    const { page } = opened;
    const [first] = await json(page);
    await button(page, "Pin this run").click();
    await pin(page, "A").waitFor();
    assert.match((await pin(page, "A").textContent()) ?? "", /NP.*FA.*200 it\., settings as now/);

    const seed = page.getByRole("textbox", { name: "Seed", exact: true });
    await seed.fill("7");
    await seed.press("Enter");
    await button(page, "Start over with it").click();
    await waitPhase(page, "ready");
    await button(page, "Pin this run").click();
    assert.match((await notice(page, "pins").textContent()) ?? "", /Nothing to pin yet/);
    await stepTo(page, "1 step", 1);
    assert.match((await pin(page, "A").textContent()) ?? "", /200 it\., seed 5/);
    const legend = figure(page, "loss").locator(".legend-item");
    await legend.filter({ hasText: "NP A" }).waitFor();
    assert.deepEqual(await legend.allTextContents(), ["NP", "FA", "NP A", "FA A"]);

    await page.locator(".curves details summary").click();
    const finals = await rows(page.locator(".curves table"));
    assert.deepEqual(finals[0], ["Run", "Rule", "Iterations", "Test loss", "Best", "What differs"]);
    assert.deepEqual(
      finals.slice(1).map(([run, rule, steps]) => [run, rule, steps]),
      [
        ["A", "NP", "200"],
        ["A", "FA", "200"],
        ["now", "NP", "1"],
        ["now", "FA", "1"],
      ],
    );
    const last = first.metrics.at(-1).test_loss;
    assert.equal(
      Number(finals[1][3].replace(",", "")),
      Number(last.toPrecision(last < 1000 ? 3 : 4)),
    );

    const svg = await drawing(page, figure(page, "loss"));
    assert.ok(svg.texts.includes("NP A"), svg.texts.join());
    assert.ok(
      svg.strokes.some(([stroke, length]) => /^#[0-9a-f]{6}80$/.test(stroke) && length > 150),
      "the pinned curve, fainter",
    );
    assert.equal(lastTick(svg), 200, "as long as the pinned run");
    await assertAccessible(page);

    await page.reload();
    await pin(page, "A").waitFor();
    await legend.filter({ hasText: "NP A" }).waitFor();
    await button(page, "Remove pinned run A").press("Enter");
    await pin(page, "A").waitFor({ state: "detached" });
    await page.reload();
    await waitPhase(page, "ready");
    await page.locator("[data-panel=runs] .hint").filter({ hasText: "None yet" }).waitFor();
    assert.equal(await page.locator("[data-pin]").count(), 0, "removed for good");
    assertQuiet(opened);
    await opened.close();
  });

  test("curves zoom together by keys, buttons and drag; axes and smoothing follow the reader", async () => {
    const opened = await trained(`${SMALL}&rules=np,bp`);
    const { page } = opened;
    const loss = figure(page, "loss");
    const whole = await drawing(page, loss);
    assert.equal(lastTick(whole), 200);
    assert.equal(whole.images.length, 0, "nothing of a line chart is pixels");
    assert.ok(whole.texts.some((t) => t.includes("seed=5")));
    const plot = loss.locator('[role="img"]');
    await plot.focus();
    await page.keyboard.press("+");
    const all = loss.getByRole("button", { name: "Show all iterations (0)" });
    await all.waitFor();
    // The middle half: 50 to 150, in the other figures as well.
    assert.equal(lastTick(await drawing(page, loss)), 140);
    const angle = figure(page, "angle");
    await angle.scrollIntoViewIfNeeded();
    await angle.getByRole("button", { name: "Show all iterations (0)" }).waitFor();
    assert.ok(lastTick(await drawing(page, angle)) <= 150);
    await plot.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    assert.equal(lastTick(await drawing(page, loss)), 200, "moved along to the end");
    await plot.press("0");
    await all.waitFor({ state: "hidden" });

    await plot.focus();
    await page.keyboard.press("ArrowRight");
    const shown = loss.locator(".legend-value").first();
    const start = await shown.textContent();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(
      ([id, before]) =>
        document.querySelector(`[data-figure="${id}"] .legend-value`)?.textContent !== before,
      ["loss", start],
    );

    const box = await loss.locator(".u-over").boundingBox();
    await page.mouse.move(box.x + 2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 4 });
    await loss.locator(".zoom-band").waitFor({ timeout: 5_000 });
    await page.mouse.up();
    await all.waitFor();
    assert.ok(lastTick(await drawing(page, loss)) <= 104);
    await loss.getByRole("button", { name: "Zoom out (−)" }).dblclick();
    await all.waitFor({ state: "hidden" });

    await page.getByLabel("log iterations").check();
    await page.getByLabel("Smoothing").selectOption("15");
    await page.waitForFunction(() => /logx=1&smooth=15/.test(location.hash));
    const changed = await drawing(page, loss);
    assert.deepEqual(changed.ticks, ["1", "10", "100"]);
    assert.ok(
      changed.strokes.some(([s, n]) => /40$/.test(s) && n > 150),
      "raw curves stay behind",
    );
    const images = await drawing(page, figure(page, "images"));
    assert.ok(images.images.length > 0);
    assert.ok(images.images.every((href) => href === "data:image/png;base64,"));
    assertQuiet(opened);
    await opened.close();
  });

  test("a kept run is listed, renamed, opened and deleted; the run that was left is offered", async () => {
    const opened = await trained("task=classifier&rules=np&hidden=12&every=10&budget=30");
    const { page } = opened;
    await button(page, "Keep this run").click();
    const kept = page.locator("[data-run]");
    await kept.waitFor();
    const name = kept.getByRole("textbox");
    assert.equal(await name.inputValue(), "Classifier, seed 5");
    await name.fill("  the <b>good</b> one ");
    await name.press("Enter");
    assert.match((await kept.textContent()) ?? "", /NP · 200 it\. · \d+ kB/);
    assert.ok((await kept.locator("path").first().getAttribute("d"))?.length > 60, "a sketch");
    await stepTo(page, "1 step", 201);
    const before = await json(page);

    // The page is left: its run is saved without a word.
    await page.goto(`${env.site.url}?again#task=classifier`);
    await notice(page, "session").waitFor();
    assert.equal(await iteration(page), 0, "nothing begins by itself");
    assert.match((await notice(page, "session").textContent()) ?? "", /iteration 201 \(NP\)/);

    await button(page, "Continue where you were").click();
    await waitPhase(page, "paused");
    assert.equal(await iteration(page), 201);
    assert.deepEqual(exact(await json(page)), exact(before));

    await button(page, "Reset").click();
    assert.equal(await kept.getByRole("textbox").inputValue(), "the <b>good</b> one");
    await kept.getByRole("button", { name: /^Open/ }).click();
    await waitPhase(page, "paused");
    assert.equal(await iteration(page), 200);

    // One byte of it changes on disk.
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          const request = indexedDB.open("credit-lab");
          request.onsuccess = () => {
            const store = request.result.transaction(["files"], "readwrite").objectStore("files");
            store.openCursor().onsuccess = (event) => {
              const cursor = event.target.result;
              if (cursor === null) {
                request.result.close();
                resolve(null);
                return;
              }
              const bytes = cursor.value;
              bytes[bytes.length - 60] ^= 1;
              cursor.update(bytes);
              cursor.continue();
            };
          };
        }),
    );
    await kept.getByRole("button", { name: /^Open/ }).click();
    await notice(page, "runs").and(page.locator(".error")).waitFor();
    assert.match((await notice(page, "runs").textContent()) ?? "", /damaged.*Nothing was changed/);
    assert.equal(await iteration(page), 200);
    await kept.getByRole("button", { name: /^Delete/ }).click();
    await kept.waitFor({ state: "detached" });
    await button(page, "Bring it back").click();
    await kept.waitFor();
    await kept.getByRole("button", { name: /^Delete/ }).click();
    await kept.waitFor({ state: "detached" });
    assertQuiet(opened);
    await opened.close();
  });

  test("a browser that keeps nothing says so, and all else works; a finger zooms", async () => {
    const opened = await trained(`${SMALL}&rules=np`, {
      context: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
      before: () => {
        Object.defineProperty(window, "indexedDB", {
          get: () => {
            throw new DOMException("denied", "SecurityError");
          },
        });
      },
    });
    const { page } = opened;
    await page.locator("[data-panel=runs] .hint").filter({ hasText: "keep nothing" }).waitFor();
    assert.equal(await button(page, "Keep this run").isDisabled(), true);
    await button(page, "Pin this run").tap();
    await pin(page, "A").waitFor();

    const loss = figure(page, "loss");
    const over = loss.locator(".u-over");
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    const touch = await page.context().newCDPSession(page);
    const at = (x) => [{ x: box.x + x, y: box.y + box.height / 2 }];
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(20) });
    for (const x of [40, 70, 100]) {
      await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(x) });
    }
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await loss.getByRole("button", { name: "Show all iterations (0)" }).click();
    await loss
      .getByRole("button", { name: "Show all iterations (0)" })
      .waitFor({ state: "hidden" });
    assertQuiet(opened);
    await opened.close();
  });

  test("a link leads to an iteration, the command repeats it natively, a target pauses the run", async (t) => {
    const params = `${SMALL}&rules=np,bp&seed=11&np.c_h=0.05&at=23`;
    const opened = await open(env, {
      params,
      ready: false,
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    const { page } = opened;
    await waitPhase(page, "paused");
    await waitIteration(page, 23);
    assert.equal(await iteration(page), 23);
    const runs = await json(page);
    assert.deepEqual(
      runs.map((run) => run.metrics.at(-1).step),
      [23, 23],
    );
    await button(page, "Copy link to here").click();
    await notice(page, "link").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /seed=11.*np\.c_h=0\.05.*&at=23$/);

    await page.locator("[data-panel=command] summary").click();
    const lines = ((await page.locator(".commands code").textContent()) ?? "").split("\n");
    assert.equal(lines.length, 2);
    assert.match(
      lines[0],
      /^cargo run --release -- train --task autoencoder --rule np .*--noise-std 0\.05/,
    );
    assert.match(
      lines[0],
      /--hidden 20,2,20 --seed 11 --steps 23 --eval-every 10 --eval-samples 256/,
    );
    // Whichever was built last; tests of the core build the second.
    const [binary] = ["release", "debug"]
      .map((profile) =>
        fileURLToPath(new URL(`../../target/${profile}/credit-lab`, import.meta.url)),
      )
      .filter(existsSync)
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    if (binary !== undefined) {
      for (const [i, line] of lines.entries()) {
        const words = line.replace(/^cargo run --release -- /, "").replace(/--out \S+$/, "--out -");
        const out = execFileSync(binary, words.split(" "), { stdio: ["ignore", "pipe", "ignore"] });
        const last = JSON.parse(out.toString().trim().split("\n").at(-1));
        const here = runs[i].metrics.at(-1);
        assert.equal(last.step, 23);
        assert.equal(last.test_loss, here.test_loss, `${runs[i].rule}: the same to the last bit`);
      }
    } else t.diagnostic("skipped: the native program is not built (npm test -- native)");

    await page.goto(`${env.site.url}?target#${SMALL}&rules=np&target=1e8`);
    await waitPhase(page, "ready");
    await runButton(page).click();
    await notice(page, "target").waitFor();
    await waitPhase(page, "paused");
    assert.match(
      (await notice(page, "target").textContent()) ?? "",
      /NP has reached a test loss of/,
    );
    const at = await iteration(page);
    await runButton(page).click();
    await waitIteration(page, at + 30);
    assert.equal(await page.locator('.lab[data-phase="running"]').count(), 1, "once a rule");
    assertQuiet(opened);
    await opened.close();
  });

  test("a comparison of one's own: rules, noise levels and seeds, with bands, from a link again", async () => {
    const opened = await open(env, {
      params: `task=classifier&hidden=10&rules=np,bp&np.eta_w=2e-4`,
    });
    const { page } = opened;
    await button(page, "Compare over seeds…").click();
    const own = page.locator('[data-experiment="own"]');
    const body = own.locator(".experiment-body");
    await body.waitFor();
    assert.match(
      (await own.locator(".own-base").textContent()) ?? "",
      /classifier, hidden layers 10; .*of NP 2e-4/,
    );
    const levels = own.getByRole("textbox", { name: "Noise levels c_h" });
    await levels.fill("0.01 1e-1, many");
    await levels.press("Enter");
    assert.match(
      (await own.locator(".own-levels [role=status]").textContent()) ?? "",
      /“many” is left out/,
    );
    const choose = async () => {
      await body.locator(".experiment-row select").first().selectOption("2");
      await body.locator(".experiment-row select").nth(1).selectOption("own");
      await body.locator(".own-steps input").fill("60");
      await body.locator(".own-steps input").press("Enter");
    };
    await choose();
    await page.waitForFunction(() => /steps=60/.test(location.search));
    const address = page.url();
    assert.match(address, /preset=own&seeds=2&steps=60&own=.*&levels=0\.01%2C0\.1/);

    const finished = async (where) => {
      await where.getByRole("button", { name: "Run", exact: true }).click();
      await page.locator('.experiment-body[data-phase="finished"]').waitFor({ timeout: 60_000 });
    };
    await finished(body);
    const exported = JSON.parse(
      (
        await download(page, () =>
          body.getByRole("button", { name: /rows and configurations as JSON/ }).click(),
        )
      ).bytes.toString(),
    ).runs;
    assert.deepEqual(
      exported.map(({ arm, seed, config }) => [arm, seed, config.c_h, config.eta_w]),
      [1, 2].flatMap((seed) => [
        ["np-0.01", seed, 0.01, 2e-4],
        ["np-0.1", seed, 0.1, 2e-4],
        ["bp", seed, exported[2].config.c_h, exported[2].config.eta_w],
      ]),
    );
    const values = await rows(body.locator("table.values"));
    assert.deepEqual(
      values.slice(1).map(([arm, runs]) => [arm, runs]),
      [
        ["NP, c_h = 0.01", "2 of 2"],
        ["NP, c_h = 0.1", "2 of 2"],
        ["BP", "2 of 2"],
      ],
    );
    assert.match(values[1][2], /^\d+(\.\d+)? ± \d/);
    const svg = await drawing(page, body.locator(".experiment-exports"));
    assert.ok(
      svg.fills.some((fill) => /^#[0-9a-f]{6}30$/.test(fill)),
      "bands",
    );
    assert.equal(svg.images.length, 0);
    const command = (await body.locator(".command code").textContent()) ?? "";
    assert.match(
      command,
      /^for s in 1 2; do\n[\s\S]*--noise-std 0\.1 .*--seed \$s --steps 60.*\n[\s\S]*done$/,
    );
    await assertAccessible(page);

    await page.goto("about:blank");
    await page.goto(address);
    await body.waitFor();
    assert.equal(await levels.inputValue(), "0.01, 0.1");
    assert.match(
      (await own.locator(".own-base").textContent()) ?? "",
      /classifier, hidden layers 10; .*of NP 2e-4/,
    );
    assert.equal(await body.locator(".experiment-row select").first().inputValue(), "2");
    assert.equal(await own.getByRole("checkbox", { name: /^FA/ }).isChecked(), false);
    // A choice made over finished runs waits for a word.
    await finished(body);
    await own.getByRole("checkbox", { name: /^FA/ }).check();
    await own.getByRole("button", { name: /the runs below are dropped/ }).click();
    await page.locator('.experiment-body[data-phase="ready"]').waitFor();
    assert.equal(await body.locator("button.arm").count(), 4);
    assertQuiet(opened);
    await opened.close();
  });
});
