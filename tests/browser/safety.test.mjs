/** What comes from outside is hostile: policies, links, files. None of it becomes markup; each gets a sentence. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  assertQuiet,
  DIST,
  drop,
  notice,
  open,
  runButton,
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

const pages = readdirSync(DIST).filter((name) => name.endsWith(".html"));

/** What the policy of every page must say, word by word; only connect-src may name https: for `data=`. */
const POLICY = {
  "default-src": ["'self'"],
  "script-src": ["'self'", "'wasm-unsafe-eval'"],
  "style-src": ["'self'"],
  "img-src": ["'self'", "blob:", "data:"],
  "font-src": ["'self'"],
  "worker-src": ["'self'", "blob:"],
  "object-src": ["'none'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
};

/** What hostile text would have made, if anybody had taken it for markup or code. */
const MARKUP = "[data-pwned], img[src='x'], .lab script, .lab iframe, .notices b, .experiments b";
const EVIL = '<img src="x" data-pwned onerror="window.pwned=1"><b data-pwned>b</b>';

async function assertUnharmed(page, what) {
  assert.equal(await page.locator(MARKUP).count(), 0, what);
  assert.equal(await page.evaluate(() => window.pwned), undefined, what);
  assert.equal(await page.evaluate(() => Object.keys(Object.prototype).length), 0, what);
}

describe("safety", () => {
  for (const name of pages) {
    test(`${name} carries the strict policy and needs nothing that it forbids`, () => {
      const html = readFileSync(path.join(DIST, name), "utf8");
      const [meta, ...more] = html.matchAll(/<meta\s+http-equiv="([^"]+)"\s+content="([^"]+)"/g);
      assert.equal(meta[1], "Content-Security-Policy");
      assert.deepEqual(more, []);
      assert.ok(meta.index < html.search(/<(script|link)\b/), "before anything is loaded");
      const { "connect-src": connect, ...rest } = Object.fromEntries(
        meta[2].split(";").map((directive) => {
          const [key, ...values] = directive.trim().split(/\s+/);
          return [key, values];
        }),
      );
      assert.deepEqual(rest, POLICY);
      assert.deepEqual(connect, name === "index.html" ? ["'self'", "https:"] : ["'self'"]);
      const outside = html.replace(/<!--.*?-->/gs, "");
      assert.doesNotMatch(outside, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
    });
  }

  test("the policy works: code and styles that are put in do not run", async () => {
    const { page, close } = await open(env);
    const blocked = await page.evaluate(async () => {
      const found = [];
      document.addEventListener("securitypolicyviolation", (event) =>
        found.push(event.effectiveDirective),
      );
      const script = document.createElement("script");
      script.textContent = "window.pwned = 1";
      document.body.append(script);
      const style = document.createElement("style");
      style.textContent = "body { opacity: 0 }";
      document.head.append(style);
      const image = document.createElement("img");
      image.setAttribute("onerror", "window.pwned = 2");
      image.src = "https://elsewhere.example/x.png";
      document.body.append(image);
      const handler = document.createElement("script");
      handler.src = "https://elsewhere.example/x.js";
      document.body.append(handler);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return found;
    });
    for (const directive of ["script-src-elem", "style-src-elem", "img-src", "script-src-attr"]) {
      assert.ok(blocked.includes(directive), `${directive} of ${blocked}`);
    }
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).opacity), "1");
    await close();
  });

  test("hostile links: clamped, explained, never markup, whatever their length", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np&budget=8" });
    const { page } = opened;
    const explained = notice(page, "url");
    const evil = encodeURIComponent(EVIL);
    for (const hash of [
      `task=${evil}&rules=${evil}&${evil}=1`,
      "__proto__=1&constructor=1&np.__proto__=1&prototype.eta_w=1&seed=1e999&batch=NaN",
      "seed=1&seed=2&seed=3&batch=-0&every=0x10",
      `hidden=${"9-".repeat(900)}9`,
      "%E0%A4%A=%zz&seed=%00%00",
      // Longer ones Chromium itself does not take.
      `x=${"y".repeat(1_900_000)}`,
    ]) {
      const what = hash.slice(0, 60);
      await page.evaluate((text) => {
        location.hash = text;
      }, hash);
      await explained.waitFor({ timeout: 20_000 });
      const text = (await explained.textContent()) ?? "";
      assert.ok(text.length > 20 && text.length < 1500, `${what}: ${text.length} characters`);
      await assertUnharmed(page, what);
      await explained.getByRole("button", { name: "Dismiss" }).click();
      await waitPhase(page, "ready");
    }
    await runButton(page).click();
    await waitIteration(page, 3);
    assertQuiet(opened);
    await opened.close();
  });

  test("hostile page parameters, and data= asks before anything is fetched", async () => {
    const evil = encodeURIComponent(EVIL);
    const query = `?preset=${evil}&seeds=${evil}&steps=-1e99&theme=${evil}`;
    const opened = await open(env, { query, params: `data=https://elsewhere.example/${evil}/` });
    const { page } = opened;
    await notice(page, "experiment-url").waitFor();
    const asks = notice(page, "remote");
    await asks.waitFor();
    assert.match((await asks.textContent()) ?? "", /elsewhere\.example/);
    await assertUnharmed(page, "parameters");
    // No request has gone there, and none does when the reader declines.
    assert.deepEqual(opened.foreign, []);
    await asks.getByRole("button").last().click();
    await asks.waitFor({ state: "detached" });

    for (const data of ["javascript:alert(1)", "data:text/html,x", "http://elsewhere.example/"]) {
      await page.goto("about:blank");
      await page.goto(`${env.site.url}#data=${encodeURIComponent(data)}`);
      await notice(page, "remote").and(page.locator(".warning")).waitFor();
      await assertUnharmed(page, data);
    }
    assertQuiet(opened);
    await opened.close();
  });

  test("hostile files: a sentence each, the page lives on", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np&budget=8" });
    const { page } = opened;
    const images = (count, rows = 28, cols = 28) => {
      const header = Buffer.alloc(16);
      [0x803, count, rows, cols].forEach((word, i) => {
        header.writeUInt32BE(word, 4 * i);
      });
      return header;
    };
    // Half a gigabyte of nothing in half a megabyte.
    const nothing = gzipSync(Buffer.alloc(500_000_000), { level: 1 });
    const cases = [
      { name: EVIL, bytes: Buffer.from("not an image") },
      { name: `${"n".repeat(100_000)}.gz`, bytes: Buffer.from("nor this") },
      { name: "train-images-idx3-ubyte", bytes: images(0xffffffff, 0xffff, 0xffff) },
      { name: "t10k-images-idx3-ubyte.gz", bytes: nothing },
      {
        name: "train-images-idx3-ubyte.gz",
        bytes: Buffer.concat([gzipSync(images(10)), nothing]),
      },
      { name: "cifar-10-binary.tar.gz", bytes: nothing },
      { name: "run.creditlab", bytes: Buffer.from("CREDITLAB\u0000\u0000") },
      { name: "__proto__", bytes: Buffer.from("{}") },
      { name: "", bytes: Buffer.alloc(0) },
    ];
    for (const file of cases) {
      const what = file.name.slice(0, 40);
      const begun = Date.now();
      await drop(page, [file]);
      const said = page.locator(".notices .error").first();
      await said.waitFor({ timeout: 30_000 });
      const text = (await said.textContent()) ?? "";
      assert.ok(text.length > 20 && text.length < 1000, `${what}: ${text.length} characters`);
      assert.ok(Date.now() - begun < 30_000, what);
      await assertUnharmed(page, what);
      await said.getByRole("button", { name: "Dismiss" }).click();
    }
    // Many at once: all are refused at the first.
    const many = Array.from({ length: 300 }, (_, i) => ({ name: `${i}`, bytes: Buffer.from("x") }));
    await drop(page, many);
    await page.locator(".notices .error").first().waitFor();
    await runButton(page).click();
    await waitIteration(page, 3);
    assertQuiet(opened);
    await opened.close();
  });
});
