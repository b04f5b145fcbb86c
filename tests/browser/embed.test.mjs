/**
 * The element and the frame, as a page of another host embeds them: under that page's own strict policy,
 * several at once, by attribute, method, event and message. The README's example runs as it stands there.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { serve } from "../../scripts/serve.mjs";
import { assertAccessible, assertFormulas, DIST, start } from "./harness.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Where the README says that `npm start` serves the site. */
const README_SITE = "http://127.0.0.1:8000/";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
/** The site as `npm start` serves it. @type {Awaited<ReturnType<typeof serve>>} */
let npmStart;
/** The embedding host. @type {{ url: string, pages: Map<string, { type: string, body: string }>, close: () => void }} */
let host;

before(async () => {
  env = await start();
  npmStart = await serve({ root: DIST, port: 8000 });
  host = await embedder();
});
after(async () => {
  host?.close();
  await npmStart?.close();
  await env?.close();
});

/** A host of its own, whose pages allow nothing but the element's host. */
async function embedder() {
  const pages = new Map();
  const server = createServer((request, response) => {
    const page = pages.get(new URL(request.url ?? "/", "http://x").pathname);
    if (page === undefined) return response.writeHead(404).end();
    const from = [env.site.url, npmStart.url].map((url) => new URL(url).origin).join(" ");
    const policy = `default-src 'none'; script-src 'self' ${from} 'wasm-unsafe-eval'; connect-src ${from}; frame-src 'self' ${from}; base-uri 'none'; form-action 'none'`;
    response
      .writeHead(200, { "content-type": page.type, "content-security-policy": policy })
      .end(page.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    pages,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Opens a page of the embedding host with this body and script; collects complaints and console lines. */
async function embed({ body, script = "", context = {} }) {
  host.pages.set("/page.js", { type: "text/javascript", body: script });
  host.pages.set("/page.html", {
    type: "text/html; charset=utf-8",
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title></head><body><h1>Host</h1>${body}<script type="module" src="/page.js"></script></body></html>`,
  });
  const ctx = await env.browser.newContext({ viewport: { width: 1100, height: 800 }, ...context });
  const page = await ctx.newPage();
  const errors = [];
  const said = [];
  page.on("console", (message) => {
    if (message.text() === "No available adapters.") return;
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
    else said.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  // The browser asks for it by itself.
  host.pages.set("/favicon.ico", { type: "image/x-icon", body: "" });
  await page.goto(`${host.url}/page.html`);
  return { page, errors, said, close: () => ctx.close() };
}

const element = (attributes) => {
  const src = `${env.site.url}package/credit-lab.js`;
  return `<script type="module" src="${src}"></script><credit-lab ${attributes}></credit-lab>`;
};

/** Waits until the first element (or the one of this id) has this phase. */
const phase = (page, wanted, selector = "credit-lab") =>
  page.waitForFunction(
    ([selector, wanted]) => document.querySelector(selector)?.status?.phase === wanted,
    [selector, wanted],
    { polling: 50, timeout: 60_000 },
  );

const status = (page, selector = "credit-lab") =>
  page.evaluate((selector) => document.querySelector(selector).status, selector);

/** Code blocks of the README's section on embedding, by language, as they are written. */
function readmeBlocks(language) {
  const readme = readFileSync(path.join(ROOT, "README.md"), "utf8");
  const section = /\n## Embed it\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? "";
  const blocks = [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)];
  return blocks
    .filter(([, name]) => name === language)
    .map(([, , code]) => code.replaceAll(README_SITE, npmStart.url));
}

/** Messages that the page gets from a frame, and a way to send it some. */
const LISTEN = `
  window.heard = [];
  addEventListener("message", (event) => window.heard.push({ origin: event.origin, ...event.data }));
  window.send = (data) => document.querySelector("iframe").contentWindow.postMessage(data, "*");
`;
const heard = (page, type) =>
  page.waitForFunction(
    (type) => window.heard.find((message) => message.type === `credit-lab:${type}`),
    type,
    { polling: 50, timeout: 60_000 },
  );

describe("README", () => {
  test("its example trains as written, on another host, under a strict policy", async () => {
    const [html] = readmeBlocks("html");
    const [script] = readmeBlocks("js");
    const opened = await embed({ body: html, script });
    const { page, said, errors } = opened;
    await page.waitForFunction(
      () => document.querySelector("credit-lab").status.phase === "finished",
      null,
      {
        timeout: 60_000,
      },
    );
    const { iteration, rules } = await status(page);
    assert.equal(iteration, 300);
    assert.deepEqual(
      rules.map(({ rule, step }) => [rule, step]),
      [
        ["np", 300],
        ["bp", 300],
        ["fa", 300],
      ],
    );
    assert.match(await page.title(), /^(np|bp|fa) \d+: [\d.]+ %$/);
    while (said.length === 0) await page.waitForTimeout(50);
    assert.match(said[0], /^\d{5,} bytes v=1&task=classifier&.*seed=1&stop=300.*np\.eta_w=3e-4/);
    assert.match(said[0], /np\.c_h=0\.02/);
    // Controls that were not listed are not there; running and pausing always are.
    const button = (name) => page.getByRole("button", { name, exact: true });
    assert.equal(await button("Reset").isVisible(), true);
    assert.equal(await button("1 step").isVisible(), false);
    assert.equal(await page.getByText("More settings").isVisible(), false);
    assert.deepEqual(
      await page.locator("[data-figure]").evaluateAll((all) => all.map((f) => f.dataset.figure)),
      ["error", "angle"],
    );
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("its frame trains, tells its height to anybody, and obeys nobody it does not know", async () => {
    const [, frame] = readmeBlocks("html");
    const opened = await embed({ body: frame, script: LISTEN });
    const { page, errors } = opened;
    await heard(page, "ready");
    const height = await (await heard(page, "resize")).evaluate((message) => message.height);
    assert.ok(height > 100, `height ${height}`);
    const inside = page.frames()[1];
    await inside.waitForFunction(() => document.querySelector("credit-lab").status.iteration > 30);
    await page.evaluate(() => window.send({ type: "credit-lab:pause" }));
    await page.waitForTimeout(300);
    assert.equal(
      (await inside.evaluate(() => document.querySelector("credit-lab").status)).phase,
      "running",
    );
    const types = await page.evaluate(() => [...new Set(window.heard.map(({ type }) => type))]);
    assert.deepEqual(types.sort(), ["credit-lab:ready", "credit-lab:resize"]);
    assert.deepEqual(errors, []);
    await opened.close();
  });
});

describe("frame", () => {
  test("the named parent commands it; other windows, other shapes and other names do not", async () => {
    const src = `${env.site.url}embed.html?parent=${host.url}&task=classifier&rules=bp&every=20&figures=error`;
    host.pages.set("/other.js", {
      type: "text/javascript",
      body: `setInterval(() => parent.frames[0].postMessage({ type: "credit-lab:run" }, "*"), 20);`,
    });
    host.pages.set("/other.html", {
      type: "text/html",
      body: `<!doctype html><title>other</title><script src="/other.js"></script>`,
    });
    const body = `<iframe src="${src.replaceAll("&", "&amp;")}" title="figure" width="900" height="500"></iframe><iframe src="/other.html" title="other"></iframe>`;
    const opened = await embed({ body, script: LISTEN });
    const { page, errors } = opened;
    await heard(page, "ready");
    const inside = page.frames().find((frame) => frame.url().includes("embed.html"));
    const inner = () => inside.evaluate(() => document.querySelector("credit-lab").status);
    const send = (data) => page.evaluate((data) => window.send(data), data);
    for (const bad of [
      "credit-lab:run",
      { type: "credit-lab:run", extra: 1 },
      { type: "credit-lab:step", n: 1e12 },
      { type: "credit-lab:set", attributes: { onclick: "alert(1)" } },
      { type: "credit-lab:set", attributes: { style: "display:none", rules: "np" } },
      { type: "credit-lab:set", attributes: { rules: "np".repeat(5000) } },
    ]) {
      await send(bad);
    }
    await page.waitForTimeout(300);
    assert.equal(
      (await inner()).phase,
      "ready",
      "the other window's messages were not obeyed, either",
    );
    assert.equal(
      await inside.evaluate(() => document.querySelector("credit-lab").hasAttribute("style")),
      false,
    );

    await send({ type: "credit-lab:step", n: 40 });
    const metrics = await (await heard(page, "metrics")).evaluate((message) => message);
    assert.equal(metrics.origin, new URL(env.site.url).origin);
    assert.equal(metrics.metrics.rule, "bp");
    assert.equal(typeof metrics.metrics.test_loss, "number");
    await inside.waitForFunction(
      () => document.querySelector("credit-lab").status.iteration === 40,
    );
    await send({ type: "credit-lab:set", attributes: { rules: "bp,fa", seed: "9" } });
    await inside.waitForFunction(() => document.querySelector("credit-lab").config.seed === 9);
    assert.deepEqual(
      (await inside.evaluate(() => document.querySelector("credit-lab").config)).rules,
      ["bp", "fa"],
    );
    await send({ type: "credit-lab:run" });
    await inside.waitForFunction(() => document.querySelector("credit-lab").status.iteration > 5);
    await send({ type: "credit-lab:pause" });
    await inside.waitForFunction(
      () => document.querySelector("credit-lab").status.phase === "paused",
    );
    await send({ type: "credit-lab:set", attributes: { rules: "nonsense" } });
    const error = await (await heard(page, "error")).evaluate((message) => message);
    assert.equal(error.code, "attributes");
    assert.match(error.message, /nonsense/);
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("axe finds nothing in it, and it fits the narrowest of frames", async () => {
    const ctx = await env.browser.newContext({ viewport: { width: 320, height: 700 } });
    const page = await ctx.newPage();
    await page.goto(
      `${env.site.url}embed.html?preset=fig2&figures=error,angle&controls=run,rules,rates`,
    );
    await phase(page, "ready");
    await assertAccessible(page);
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(over, 0);
    await ctx.close();
  });

  test("without storage and origin of its own, and with a hostile address, it trains and says so", async () => {
    const query =
      "task=classifier&rules=bp&autoplay&parent=javascript:alert(1)&theme=dark&figures=error&data=https://evil.example/&%3Cimg%20src=x%3E=1";
    const body = `<iframe sandbox="allow-scripts" src="${env.site.url}embed.html?${query.replaceAll("&", "&amp;")}" title="figure" width="900" height="500"></iframe>`;
    const opened = await embed({ body, script: LISTEN });
    const { page, errors } = opened;
    const { origin } = await (await heard(page, "ready")).evaluate((message) => message);
    assert.equal(origin, "null");
    const inside = page.frames()[1];
    const message = inside.locator('[data-notice="attributes"]');
    await message.waitFor();
    const text = (await message.textContent()) ?? "";
    assert.match(text, /“<img src” is not a setting/);
    assert.match(text, /“data” is not a setting/);
    assert.match(text, /parent = “javascript:alert\(1\)”/);
    assert.equal(await inside.locator("img").count(), 0);
    await inside.waitForFunction(() => document.querySelector("credit-lab").status.iteration > 10);
    const paper = await inside.evaluate(
      () => getComputedStyle(document.documentElement).backgroundColor,
    );
    assert.equal(paper, "rgb(21, 21, 23)");
    assert.deepEqual(errors, []);
    await opened.close();
  });
});

describe("element", () => {
  test("four on a page share module, digits and frames; what is out of sight holds", async () => {
    const one = (id, style = "") =>
      `<credit-lab id="${id}" task="classifier" rules="np,bp" autoplay controls="none" figures="error" compute="cpu"></credit-lab>${style}`;
    const tall = `<p>${"text<br>".repeat(200)}</p>`;
    const src = `${env.site.url}package/credit-lab.js`;
    const body = `<script type="module" src="${src}"></script>${one("a")}${one("b")}${one("c")}${one("d")}${tall}${one("e")}`;
    env.site.requests.length = 0;
    const script = `
      const request = requestAnimationFrame.bind(window);
      window.frameTimes = new Map();
      // What the page itself does in each frame, all callbacks together.
      window.requestAnimationFrame = (callback) =>
        request((t) => {
          const begun = performance.now();
          callback(t);
          window.frameTimes.set(t, (window.frameTimes.get(t) ?? 0) + performance.now() - begun);
        });`;
    const opened = await embed({
      body,
      script,
      context: { viewport: { width: 1100, height: 2400 } },
    });
    const { page, errors } = opened;
    const all = () =>
      page.evaluate(() =>
        [...document.querySelectorAll("credit-lab")].map((e) => e.status.iteration),
      );
    await page.waitForFunction(
      () => [..."abcd"].every((id) => document.getElementById(id).status.iteration > 50),
      null,
      { timeout: 90_000 },
    );
    const from = await all();
    await page.evaluate(() => window.frameTimes.clear());
    await page.waitForTimeout(5000);
    const times = await page.evaluate(() => [...window.frameTimes.values()].sort((a, b) => a - b));
    const to = await all();
    const did = to.map((n, i) => n - from[i]);
    assert.equal(to[4], 0, "out of sight nothing was trained");
    assert.equal((await status(page, "#e")).suspended, true);
    const four = did.slice(0, 4);
    assert.ok(Math.min(...four) > 0.5 * Math.max(...four), `unequal turns: ${four}`);
    // Alone an instrument has 9 ms for training and 5 for drawing; a measurement may take longer.
    const median = times[Math.floor(times.length / 2)];
    const slow = times[Math.floor(times.length * 0.95)];
    assert.ok(median < 16, `median frame ${median} ms`);
    assert.ok(slow < 40, `95 % of frames below ${slow} ms`);

    await page.locator("#e").scrollIntoViewIfNeeded();
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForFunction(() => document.querySelector("#e").status.iteration > 5);
    await page.waitForFunction(() => document.querySelector("#a").status.suspended);
    const [held] = await all();
    await page.waitForTimeout(500);
    assert.equal((await all())[0], held, "scrolled away, it holds");
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForFunction((n) => document.querySelector("#a").status.iteration > n, held);

    const fetched = (name) => env.site.requests.filter((url) => url.endsWith(name)).length;
    assert.equal(fetched(".wasm"), 1);
    assert.equal(fetched("mnist-10k.bin"), 1);
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("formulas have their font, which lies beside the module and needs no permission of its own", async () => {
    const opened = await embed({
      body: `${element('task="classifier" rules="np" figures="network"')}<credit-lab figures="error"></credit-lab>`,
    });
    const { page, errors } = opened;
    await phase(page, "ready");
    await assertFormulas(page);
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("attributes act at once; mistakes are said in place and as an event", async () => {
    const script = `
      const lab = document.querySelector("credit-lab");
      window.log = [];
      for (const type of ["ready", "step", "metrics", "state", "finished", "error"])
        document.addEventListener(type, ({ target, detail }) => window.log.push({ type, own: target === lab, detail: structuredClone(detail) }), true);`;
    const opened = await embed({
      body: element(
        'task="classifier" rules="bp" seed="3" every="10" controls="run,step,rates" figures="error"',
      ),
      script,
    });
    const { page, errors } = opened;
    const lab = page.locator("credit-lab");
    const set = (name, value) =>
      lab.evaluate((e, [name, value]) => e.setAttribute(name, value), [name, value]);
    const config = () => lab.evaluate((e) => e.config);
    await phase(page, "ready");
    await lab.evaluate((e) => e.step(30));
    await phase(page, "paused");

    // A rule joins the run that goes on; a rate changes in it; a seed makes a new one.
    await set("rules", "bp,np");
    await page.waitForFunction(
      () => document.querySelector("credit-lab").status.rules.length === 2,
    );
    assert.equal((await status(page)).iteration, 30);
    await set("np.eta_w", "2e-4");
    await page.waitForFunction(
      () => document.querySelector("credit-lab").config.rates.np?.eta_w === 2e-4,
    );
    assert.equal((await status(page)).iteration, 30);
    await set("seed", "4");
    await phase(page, "ready");
    assert.equal((await status(page)).iteration, 0);
    assert.deepEqual((await config()).rules, ["bp", "np"]);

    // What the reader has set survives what the author changes elsewhere.
    await page.getByLabel("BP: η_W, number", { exact: true }).fill("1e-4");
    await page.keyboard.press("Enter");
    await set("theme", "dark");
    await set("seed", "5");
    await page.waitForFunction(() => document.querySelector("credit-lab").config.seed === 5);
    assert.deepEqual((await config()).rates, { bp: { eta_w: 1e-4 }, np: { eta_w: 2e-4 } });
    const paper = await lab.evaluate((e) => getComputedStyle(e).backgroundColor);
    assert.equal(paper, "rgb(21, 21, 23)");
    await set("theme", "light");

    await set("figures", "angle,error");
    await page.locator('[data-figure="angle"]').waitFor();
    await set("controls", "reset");
    await page.getByRole("button", { name: "Reset", exact: true }).waitFor();
    assert.equal(
      await page.getByRole("button", { name: "1 step", exact: true }).isVisible(),
      false,
    );

    await set("batch", "<img src=x onerror=alert(1)>");
    const message = page.locator('[data-notice="attributes"]');
    await message.waitFor();
    assert.match(
      (await message.textContent()) ?? "",
      /batch = “<img src=x onerror=alert\(1\)>” makes no sense; 32 is used/,
    );
    assert.equal(await page.locator("img").count(), 0);
    await set("batch", "16");
    await message.waitFor({ state: "detached" });

    const log = await page.evaluate(() => window.log);
    assert.ok(
      log.every(({ own }) => own),
      "events come from the element itself",
    );
    const types = new Set(log.map(({ type }) => type));
    for (const type of ["ready", "step", "metrics", "state", "error"])
      assert.ok(types.has(type), type);
    const metrics = log.find(({ type }) => type === "metrics").detail;
    assert.deepEqual(Object.keys(metrics).sort(), [
      "layers",
      "rule",
      "step",
      "test_accuracy",
      "test_loss",
      "train_accuracy",
      "train_loss",
    ]);
    assert.equal(log.find(({ type }) => type === "error").detail.code, "attributes");

    for (const [name, ...args] of [
      ["step", 0],
      ["step", 1.5],
      ["setHyperparameters", { eta_w: 5 }],
      ["setHyperparameters", { nope: 1 }],
      ["setHyperparameters", { eta_w: 1e-4 }, "zz"],
    ]) {
      const thrown = await lab.evaluate(
        (e, [name, args]) => {
          try {
            e[name](...args);
            return null;
          } catch (error) {
            return error.name;
          }
        },
        [name, args],
      );
      assert.equal(thrown, "RangeError", `${name} ${JSON.stringify(args)}`);
    }
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("a snapshot goes on bit for bit; a moved element goes on, a removed one is gone", async () => {
    const opened = await embed({
      body: `${element('task="classifier" rules="np,bp" warmup="0" every="10" compute="cpu" controls="none" figures="error"')}<div id="elsewhere"></div>`,
      script: `window.metrics = []; document.addEventListener("metrics", ({ detail }) => window.metrics.push(detail), true);`,
    });
    const { page, errors } = opened;
    const lab = page.locator("credit-lab");
    await phase(page, "ready");
    const at = async (step) => {
      await page.waitForFunction((step) => {
        const { phase, iteration } = document.querySelector("credit-lab").status;
        return phase === "paused" && iteration === step;
      }, step);
      await page.waitForFunction(
        (step) => window.metrics.filter((m) => m.step === step).length === 2,
        step,
      );
      return page.evaluate(
        (step) =>
          window.metrics
            .filter((m) => m.step === step)
            .map((m) => [m.rule, m.test_loss])
            .sort(),
        step,
      );
    };
    await lab.evaluate((e) => e.step(20));
    await at(20);
    const bytes = await lab.evaluate(async (e) => {
      window.kept = await e.snapshot();
      return window.kept.length;
    });
    assert.ok(bytes > 10_000);
    await lab.evaluate((e) => e.step(15));
    const first = await at(35);
    const garbage = await lab.evaluate((e) =>
      e.restore(new Uint8Array(99)).then(
        () => "taken",
        (error) => error.message,
      ),
    );
    assert.match(garbage, /not a saved run/);
    assert.equal((await status(page)).iteration, 35);
    await lab.evaluate((e) => e.reset());
    await phase(page, "ready");
    await page.evaluate(() => {
      window.metrics = [];
    });
    await lab.evaluate((e) => e.restore(window.kept));
    await lab.evaluate((e) => e.step(15));
    assert.deepEqual(await at(35), first);

    await lab.evaluate((e) => document.getElementById("elsewhere").append(e));
    await page.waitForTimeout(100);
    assert.equal((await status(page)).iteration, 35, "moved, it is the same run");
    await page.evaluate(() => {
      window.gone = document.querySelector("credit-lab");
      window.gone.remove();
    });
    await page.waitForFunction(() => window.gone.status.phase === "loading");
    await page.evaluate(() => document.body.append(window.gone));
    await phase(page, "ready");
    assert.equal((await status(page)).iteration, 0);
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("asked for less motion, it waits for the reader; typing in it is left alone", async () => {
    const opened = await embed({
      body: element('task="classifier" rules="bp" autoplay figures="error"'),
      context: { reducedMotion: "reduce" },
    });
    const { page, errors } = opened;
    await phase(page, "ready");
    await page.waitForTimeout(200);
    assert.equal((await status(page)).iteration, 0);
    const seed = page.getByLabel("Seed", { exact: true });
    await seed.fill("12");
    // Redrawn while somebody types: the field keeps what was typed.
    await page.locator("credit-lab").evaluate((e) => e.setAttribute("batch", "16"));
    await page.waitForFunction(() =>
      document.querySelector("credit-lab").config.params.includes("batch=16"),
    );
    assert.equal(await seed.inputValue(), "12");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.keyboard.press(".");
    await page.waitForFunction(() => document.querySelector("credit-lab").status.iteration > 0);
    assert.deepEqual(errors, []);
    await opened.close();
  });

  test("where the core cannot be had, a sentence says it and an event tells it", async () => {
    const { browser } = env;
    const ctx = await browser.newContext();
    const page = await ctx.newPage();
    await page.route("**/*.wasm", (route) => route.abort());
    host.pages.set("/page.js", {
      type: "text/javascript",
      body: `addEventListener("error", (event) => { window.failure ??= event.detail; }, true);`,
    });
    host.pages.set("/page.html", {
      type: "text/html",
      body: `<!doctype html><title>x</title><script src="/page.js"></script>${element('rules="bp"')}`,
    });
    await page.goto(`${host.url}/page.html`);
    await phase(page, "failed");
    assert.match(
      (await page.locator('[data-notice="core"]').textContent()) ?? "",
      /could not be loaded/,
    );
    assert.equal((await page.evaluate(() => window.failure)).code, "core");
    await page.unroute("**/*.wasm");
    await page.getByRole("button", { name: "Try again" }).click();
    await phase(page, "ready");
    await ctx.close();
  });
});

describe("package", () => {
  const folder = path.join(DIST, "package");

  test("npm packs everything that it needs, and nothing else", () => {
    const json = execFileSync("npm", ["pack", "--dry-run", "--json"], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [packed] = JSON.parse(json);
    assert.equal(packed.name, "credit-lab");
    assert.deepEqual(packed.files.map((file) => file.path).sort(), [
      "README.md",
      "credit-lab.d.ts",
      "credit-lab.js",
      "credit_lab_bg.wasm",
      "credit_lab_scalar_bg.wasm",
      "data/mnist-10k.bin",
      "fonts/OFL.txt",
      "fonts/math.woff2",
      "package.json",
    ]);
  });

  test("it can be imported where there is no page", async () => {
    const module = await import(pathToFileURL(path.join(folder, "credit-lab.js")).href);
    assert.equal(typeof module.CreditLabElement, "function");
  });

  test("its types hold in strict TypeScript, and refuse what is wrong", () => {
    const work = mkdtempSync(path.join(os.tmpdir(), "credit-lab-"));
    try {
      execFileSync("mkdir", ["-p", path.join(work, "node_modules")]);
      symlinkSync(folder, path.join(work, "node_modules", "credit-lab"), "dir");
      const good = `
        import { CreditLabElement } from "credit-lab";
        import type { CreditLabMetricsDetail } from "credit-lab";
        const lab = document.createElement("credit-lab");
        lab.addEventListener("metrics", ({ detail }) => { const m: CreditLabMetricsDetail = detail; m.layers[0]?.angle; });
        lab.addEventListener("error", (event) => event.detail.code.length);
        lab.setHyperparameters({ eta_w: 1e-4 }, "np");
        const bytes: Promise<Uint8Array> = lab.snapshot();
        void bytes.then((b) => lab.restore(b));
        lab.status.rules.map((r) => r.step);
        const all: CreditLabElement[] = [lab];
        void all;
      `;
      const check = (code) => {
        writeFileSync(path.join(work, "use.ts"), code);
        const tsc = path.join(ROOT, "node_modules", "typescript", "bin", "tsc");
        const options = [
          "--noEmit",
          "--strict",
          "--target",
          "es2022",
          "--module",
          "nodenext",
          "--lib",
          "es2022,dom",
          "--types",
          "",
        ];
        try {
          execFileSync(process.execPath, [tsc, ...options, "use.ts"], {
            cwd: work,
            encoding: "utf8",
          });
          return "";
        } catch (error) {
          return error.stdout;
        }
      };
      assert.equal(check(good), "");
      assert.match(check(`${good}\nlab.setHyperparameters({ eta: 1 });`), /eta/);
    } finally {
      rmSync(work, { recursive: true });
    }
  });
});
