/** The page as a page: hostile links, both tasks, phones, dark theme, accessibility, missing parts. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertAccessible,
  assertFormulas,
  assertQuiet,
  figure,
  notice,
  open,
  runButton,
  start,
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

describe("page", () => {
  test("a hostile link is clamped, explained, and never becomes markup", async () => {
    const opened = await open(env, {
      params:
        "v=1&seed=1e999&batch=-3&task=%3Cimg%20src=x%20onerror=alert(1)%3E&np.eta_w=9&%3Cb%3Ex%3C/b%3E=1&rules=np,constructor&hidden=0-0&foo=1&bar=2",
    });
    const { page } = opened;
    const text = (await notice(page, "url").textContent()) ?? "";
    assert.match(text, /Not everything in the link could be used/);
    assert.match(text, /batch = “-3” is out of range; 1 is used/);
    assert.match(
      text,
      /task = “<img src=x onerror=alert\(1\)>” makes no sense; autoencoder is used/,
    );
    assert.match(text, /and \d+ more/);
    assert.equal(await page.locator(".notices img, .notices b").count(), 0);
    await runButton(page).click();
    await waitIteration(page, 3);
    assertQuiet(opened);
    await opened.close();
  });

  test("the classifier trains: error falls, answers are marked right or wrong", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,bp,fa&budget=30" });
    const { page } = opened;
    assert.match((await page.locator("[data-lede]").textContent()) ?? "", /784 – 50 – 20 – 10/);
    await runButton(page).click();
    await waitIteration(page, 2500, 90_000);
    await runButton(page).click();
    await waitPhase(page, "paused");
    const errors = await table(page, "error");
    const column = errors[0].indexOf("BP test");
    const last = Number.parseFloat(errors.at(-1)[column]);
    assert.ok(last < 45, `BP test error ${last} %`);
    const scores = await table(page, "scores");
    assert.equal(scores.length, 11);
    assert.match(scores[1].join(" "), /[✓✗]/);
    await figure(page, "scores")
      .locator('[role="img"]')
      .hover({ position: { x: 200, y: 30 } });
    await page.getByText(/^A \d\. NP says \d/).waitFor();
    assertQuiet(opened);
    await opened.close();
  });

  test("the bar keeps every rule's test loss in sight and leads to the curves", async () => {
    const opened = await open(env, { params: "rules=np,bp&budget=30" });
    const { page } = opened;
    await runButton(page).click();
    await waitIteration(page, 120);
    await runButton(page).click();
    await waitPhase(page, "paused");
    const curves = await table(page, "loss");
    const shown = await page.locator(".standing dd").allTextContents();
    const last = ["NP test", "BP test"].map((name) => curves.at(-1)[curves[0].indexOf(name)]);
    assert.deepEqual(shown, last);
    const drawn = page.locator(".standing path");
    assert.deepEqual(
      await drawn.evaluateAll((lines) => lines.map((line) => line.getAttribute("d").length > 20)),
      [true, true],
    );
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 3));
    await page.getByRole("button", { name: "Test loss" }).click();
    await page.waitForFunction(() => {
      const { top, bottom } = document
        .querySelector('[data-figure="loss"]')
        .getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
    assertQuiet(opened);
    await opened.close();
  });

  test("links within the page lead there and leave the settings alone", async () => {
    const opened = await open(env, { params: "task=classifier&seed=7&rules=np" });
    const { page } = opened;
    const before = new URL(page.url()).hash;
    for (const [name, id] of [
      ["Rules", "rules"],
      ["Experiments", "experiments"],
    ]) {
      await page.getByRole("navigation").getByRole("link", { name }).click();
      await page.waitForFunction((id) => document.activeElement?.id === id, id);
      await page.waitForFunction((id) => {
        const { top } = document.getElementById(id).getBoundingClientRect();
        return top >= 0 && top < 250;
      }, id);
    }
    assert.equal(new URL(page.url()).hash, before);
    assert.equal(await page.locator('input[value="classifier"]').isChecked(), true);
    assertQuiet(opened);
    await opened.close();
  });

  test("formulas have a font of their own, and the rules of the core are written as formulas", async () => {
    const opened = await open(env);
    const { page } = opened;
    await assertFormulas(page);
    const written = page.locator(".rules-table .equation");
    const text = (await written.allTextContents()).join(" ");
    assert.doesNotMatch(text, /[_^<{}]|lambda|eta|xi|act|-=/);
    assert.equal(
      await written.first().locator("math").getAttribute("alttext"),
      "e_l = (B_{l+1}^T e_{l+1}) times sigma'",
    );
    const wide = await page
      .locator("math[display]")
      .evaluateAll((all) => all.filter((m) => m.scrollWidth > m.clientWidth).length);
    assert.equal(wide, 0, "each is as wide as it is");
    assertQuiet(opened);
    await opened.close();
  });

  test("switching the task back and forth leaves a working page", async () => {
    const opened = await open(env, { params: "rules=np" });
    const { page } = opened;
    for (const [name, id] of [
      ["Classifier", "error"],
      ["Autoencoder", "latent"],
    ]) {
      await page.getByRole("radio", { name }).check();
      await figure(page, id).waitFor();
      await waitPhase(page, "ready");
    }
    await runButton(page).click();
    await waitIteration(page, 5);
    assertQuiet(opened);
    await opened.close();
  });

  for (const width of [320, 360, 390, 768, 1920]) {
    test(`nothing scrolls sideways at ${width} px`, async () => {
      const opened = await open(env, { context: { viewport: { width, height: 800 } } });
      const { page } = opened;
      await page.waitForTimeout(400);
      await page.getByText("More settings").click();
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await page.waitForTimeout(400);
      const overflow = await page.evaluate(() => {
        const edge = document.documentElement.clientWidth;
        const wide = [...document.querySelectorAll("body *")].filter((e) => {
          const box = e.getBoundingClientRect();
          return (
            box.width > 0 &&
            box.right > edge + 1 &&
            e.closest(".wide, math, .table-host, .cost-scroll, .visually-hidden, .skip") === null
          );
        });
        return {
          page: document.documentElement.scrollWidth - edge,
          elements: wide.map((e) => `${e.tagName}.${e.className}`).slice(0, 5),
        };
      });
      assert.deepEqual(overflow, { page: 0, elements: [] });
      assertQuiet(opened);
      await opened.close();
    });
  }

  test("dark theme: by the system, by choice, and charts follow", async () => {
    const { page, close } = await open(env, { context: { colorScheme: "dark" } });
    const paper = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const plot = () =>
      figure(page, "loss")
        .locator(".plot canvas")
        .evaluate((c) => c.toDataURL());
    await page.waitForTimeout(600);
    const dark = [await paper(), await plot()];
    await page.getByLabel("Theme").selectOption("light");
    await page.waitForTimeout(600);
    const light = [await paper(), await plot()];
    assert.notEqual(dark[0], light[0]);
    assert.notEqual(dark[1], light[1]);
    await page.reload();
    await waitPhase(page, "ready");
    assert.equal(await paper(), light[0], "the choice is remembered");
    await close();
  });

  for (const [name, settings] of [
    ["light", {}],
    ["dark", { context: { colorScheme: "dark" } }],
    ["phone", { context: { viewport: { width: 360, height: 740 } } }],
    [
      "classifier",
      { params: "task=classifier&rules=np,bp,fa,dfa,sg,np-dfa,matched,sign,mirror,perturb" },
    ],
    ["messages", { params: "seed=x&rules=np" }],
  ]) {
    test(`axe finds nothing to complain about: ${name}`, async () => {
      const { page, close } = await open(env, settings);
      await page.getByText("More settings").click();
      await runButton(page).click();
      await waitIteration(page, 3);
      await runButton(page).click();
      await waitPhase(page, "paused");
      await table(page, "loss");
      await table(page, "angle");
      await assertAccessible(page);
      await close();
    });
  }

  test("without SIMD, and without the core, a sentence explains it", async () => {
    const context = await env.browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      WebAssembly.validate = () => false;
    });
    await page.goto(env.site.url);
    await page.getByText("lacks SIMD instructions").waitFor();
    await context.close();

    const other = await env.browser.newContext();
    const broken = await other.newPage();
    await broken.route("**/*.wasm", (route) => route.abort());
    await broken.goto(env.site.url);
    await broken.getByText("The simulator could not be loaded").waitFor();
    assert.equal(await broken.getByRole("button", { name: "Reload the page" }).count(), 1);
    await other.close();
  });

  test("the policy forbids inline and foreign code, and the page lives with it", async () => {
    const { page, close } = await open(env);
    const policy = await page
      .locator('meta[http-equiv="Content-Security-Policy"]')
      .getAttribute("content");
    assert.match(policy ?? "", /script-src 'self' 'wasm-unsafe-eval'/);
    assert.doesNotMatch(policy ?? "", /'unsafe-inline'|'unsafe-eval'/);
    assert.equal(await page.locator("[onclick], script:not([src])").count(), 0);
    await close();
  });

  test("two instruments on one page do not notice each other", async () => {
    const context = await env.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.route(env.site.url, async (route) => {
      const response = await route.fetch();
      const html = (await response.text()).replace(
        "</main>",
        '<section class="lab" aria-label="Second" data-lab="task=classifier&rules=bp&seed=8"></section></main>',
      );
      await route.fulfill({ response, body: html });
    });
    await page.goto(env.site.url);
    const [first, second] = [page.locator(".lab").nth(0), page.locator(".lab").nth(1)];
    await page.locator('.lab[data-phase="ready"]').nth(1).waitFor();
    const count = async (lab) =>
      Number((await lab.locator(".status dd").first().textContent())?.replace(",", ""));
    await second.getByRole("button", { name: "1 step" }).click();
    await second.and(page.locator('[data-phase="paused"]')).waitFor();
    assert.equal(await count(second), 1);
    assert.equal(await count(first), 0);
    assert.equal(await first.getAttribute("data-phase"), "ready");
    await first.getByRole("radio", { name: "Classifier" }).check();
    await first.and(page.locator('[data-phase="ready"]')).waitFor();
    assert.equal(await count(second), 1, "its radio buttons and run are its own");
    assert.equal(await second.locator(".chip input:checked").count(), 1);
    await second.locator("button.run").focus();
    await page.keyboard.press(".");
    await page.waitForFunction(
      () => document.querySelectorAll(".lab")[1].querySelector(".status dd").textContent === "2",
    );
    assert.equal(await count(first), 0);
    assert.doesNotMatch(page.url(), /seed=8/);
    assert.deepEqual(errors, []);
    await context.close();
  });

  test("the live region speaks at a calm rate", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np" });
    await page.evaluate(() => {
      window.spoken = [];
      new MutationObserver(() =>
        window.spoken.push(document.querySelector('.lab > [aria-live="polite"]').textContent),
      ).observe(document.querySelector('.lab > [aria-live="polite"]'), {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await runButton(page).click();
    await page.waitForTimeout(3000);
    await runButton(page).click();
    await waitPhase(page, "paused");
    const spoken = await page.evaluate(() => window.spoken);
    assert.ok(spoken.length <= 3, spoken.join(" | "));
    assert.match(spoken.at(-1), /Paused at iteration/);
    await close();
  });
});
