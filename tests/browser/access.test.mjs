/** For everyone: the whole tour by keyboard, no state that axe complains about, calm where calm is asked for. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertAccessible,
  assertQuiet,
  iteration,
  notice,
  open,
  start,
  waitIteration,
  waitPhase,
} from "./harness.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

/** In the page: what has the focus, what it is called, and whether one can see that. */
function focused() {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (element === null || element === document.body || element === document.documentElement)
    return null;
  const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent;
  const name = (label ?? element.textContent ?? "").trim().replace(/\s+/g, " ");
  const rings = [element, element.parentElement, element.nextElementSibling].filter(Boolean);
  const ring = rings.some((e) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(e);
    return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  });
  // Nothing may lie over it, such as the bar that stays on top.
  const seen = rings.some((e) => {
    const { left, top, width, height } = e.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    return there !== null && (e.contains(there) || there.contains(e));
  });
  const { top } = element.getBoundingClientRect();
  const type = element.getAttribute("type") ?? element.getAttribute("role") ?? "";
  return {
    tag: element.tagName.toLowerCase(),
    type,
    name,
    ring,
    seen,
    at: Math.round(top + scrollY),
  };
}

/** Presses Tab until something of that name has the focus. */
async function tabTo(page, name, most = 200) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(focused);
    if (at !== null && name.test(at.name)) return at;
  }
  throw new Error(`no ${name} within ${most} stops`);
}

/** Everything that moves by itself, or would when something changes. */
const moving = (page) =>
  page.evaluate(() => {
    const seconds = (text) => Math.max(...text.split(",").map(Number.parseFloat));
    const styled = [...document.querySelectorAll("*")].filter((e) => {
      const style = getComputedStyle(e);
      return style.animationName !== "none" || seconds(style.transitionDuration) > 0.01;
    });
    const smooth = getComputedStyle(document.documentElement).scrollBehavior === "smooth";
    const running = document.getAnimations().filter((a) => a.playState === "running").length;
    return { styled: styled.map((e) => `${e.tagName}.${e.className}`), smooth, running };
  });

describe("access", () => {
  test("every stop of the Tab key can be seen, has a name, and the last one leads out", async () => {
    // Without smooth scrolling, so that the next stop is in sight at once.
    const opened = await open(env, { params: "rules=np,bp", context: { reducedMotion: "reduce" } });
    const { page } = opened;
    const stops = [];
    for (;;) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(focused);
      if (stop === null) break;
      stops.push(stop);
      assert.ok(stops.length < 400, `a trap: ${JSON.stringify(stops.slice(-4))}`);
    }
    assert.ok(stops.length > 40, `${stops.length} stops`);
    const text = ({ tag, type, name, at }) => `${tag} ${type} “${name.slice(0, 40)}” at ${at}`;
    assert.deepEqual(stops.filter(({ ring }) => !ring).map(text), [], "no ring");
    assert.deepEqual(stops.filter(({ seen }) => !seen).map(text), [], "out of sight");
    assert.deepEqual(stops.filter(({ name }) => name === "").map(text), [], "no name");
    assertQuiet(opened);
    await opened.close();
  });

  test("the whole tour by keyboard: rules, rates, run, table, export, an experiment", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,bp&budget=8" });
    const { page } = opened;
    const { keyboard } = page;
    await tabTo(page, /^Skip to the simulator/);
    await keyboard.press("Enter");
    await tabTo(page, /^Run$/);
    await keyboard.press("Enter");
    await waitIteration(page, 5);
    await keyboard.press("Enter");
    await waitPhase(page, "paused");
    const stopped = await iteration(page);
    await tabTo(page, /^1 step$/);
    await keyboard.press("Space");
    await waitIteration(page, stopped + 1);

    await tabTo(page, /^DFA,/);
    await keyboard.press("Space");
    await page.waitForFunction(() => location.hash.includes("dfa"));
    await tabTo(page, /: η_W$/);
    const before = await page.evaluate(() => document.activeElement.value);
    await keyboard.press("ArrowRight");
    await page.waitForFunction((was) => document.activeElement.value !== was, before);
    await page.waitForFunction(() => location.hash.includes("eta_w"));

    await tabTo(page, /^Data table|table/i);
    await keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.closest("details")?.open === true);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      tabTo(page, /^CSV$/).then(() => keyboard.press("Enter")),
    ]);
    assert.match(file.suggestedFilename(), /\.csv$/);

    await tabTo(page, /Theorem 1/);
    await keyboard.press("Enter");
    await page.locator(".experiment-body").waitFor();
    await tabTo(page, /^Run/);
    await keyboard.press("Enter");
    await page.locator('.experiment-body:not([data-phase="ready"])').waitFor();
    assertQuiet(opened);
    await opened.close();
  });

  test("axe finds nothing in any state: running, dropping, messages, an experiment, narrow, dark", async () => {
    const opened = await open(env, {
      query: "?preset=fig2&seeds=1&steps=50",
      params: "task=classifier&rules=np,bp&budget=8&colour=red",
    });
    const { page } = opened;
    await page.locator(".lab button.run").click();
    await waitIteration(page, 3);
    await assertAccessible(page);
    await page.locator(".lab").evaluate((lab) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["x"], "x"));
      for (const type of ["dragenter", "dragover"])
        lab.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    });
    await page.locator(".lab.dropping").waitFor();
    await notice(page, "url").waitFor();
    await assertAccessible(page);
    await page.locator(".lab button.run").click();
    await page.locator(".experiment-body button.run").click();
    await page.locator('.experiment-body[data-phase="finished"]').waitFor({ timeout: 120_000 });
    await page.setViewportSize({ width: 320, height: 640 });
    await page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(wide, 320, "an experiment's results fit into 320 pixels");
    await page.emulateMedia({ forcedColors: "active", colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 900 });
    const chosen = page.locator(".segments input:checked + span").first();
    const other = page.locator(".segments input:not(:checked) + span").first();
    const paper = (element) => getComputedStyle(element).backgroundColor;
    // Buttons take a tenth of a second from one colour to another.
    await page.waitForTimeout(300);
    // Contrast is the reader's own there, and axe does not know it.
    assert.notEqual(await chosen.evaluate(paper), await other.evaluate(paper), "forced colours");
    assertQuiet(opened);
    await opened.close();
  });

  test("who asks for less motion gets none", async () => {
    const { page, close } = await open(env, {
      context: { reducedMotion: "reduce" },
      query: "?preset=theorem1&seeds=1&steps=100",
      params: "rules=np",
    });
    await page.locator(".lab button.run").click();
    await waitIteration(page, 3);
    assert.deepEqual(await moving(page), { styled: [], smooth: false, running: 0 });
    await close();
  });

  test("fingers: every control of a phone is at least 24 pixels high and wide, or stands alone", async () => {
    const context = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
    const { page, close } = await open(env, { context });
    await assertAccessible(page, ["target-size"]);
    await close();
  });
});
