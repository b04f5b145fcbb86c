import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { serve } from "../serve.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "credit-lab-"));
const site = path.join(folder, "site");
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
  mkdirSync(path.join(site, "assets"), { recursive: true });
  mkdirSync(path.join(folder, "site-private"));
  writeFileSync(path.join(site, "index.html"), "<p>hello");
  writeFileSync(path.join(site, "assets", "core-1a2b.wasm"), "\0asm");
  writeFileSync(path.join(site, "main.js"), "export {};");
  writeFileSync(path.join(folder, "secret.txt"), "secret");
  writeFileSync(path.join(folder, "site-private", "secret.txt"), "secret");
  symlinkSync(path.join(folder, "secret.txt"), path.join(site, "link.txt"));
  server = await serve({ root: site, port: 0 });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Sends the path exactly as given; fetch would tidy it up first. @param {string} url @param {{ method?: string, headers?: Record<string, string>, port?: number }} [options] @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, body: string }>} */
function get(url, { method = "GET", headers = {}, port = server.port } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, path: url, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text) => {
        body += text;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    request.on("error", reject).end();
  });
}

test("a folder gives its index page, checked anew every time, with no policy added", async () => {
  const { status, headers, body } = await get("/");
  assert.equal(status, 200);
  assert.equal(body, "<p>hello");
  assert.equal(headers["content-type"], "text/html; charset=utf-8");
  assert.equal(headers["cache-control"], "no-cache");
  assert.equal(headers["content-security-policy"], undefined);
  assert.equal(headers["content-encoding"], undefined);
});

test("pages of other hosts may read the site, which is public, to embed the element", async () => {
  const { headers } = await get("/main.js");
  assert.equal(headers["access-control-allow-origin"], "*");
});

test("WebAssembly has its own type, so that browsers compile it while it loads", async () => {
  const { headers } = await get("/assets/core-1a2b.wasm");
  assert.equal(headers["content-type"], "application/wasm");
  assert.match(headers["cache-control"] ?? "", /immutable/);
});

test("an unchanged file is not sent again", async () => {
  const first = await get("/main.js");
  const again = await get("/main.js", { headers: { "If-None-Match": String(first.headers.etag) } });
  assert.deepEqual([again.status, again.body], [304, ""]);
});

test("HEAD sends headers only, writing is refused", async () => {
  const head = await get("/main.js", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "10", ""]);
  assert.equal((await get("/main.js", { method: "POST" })).status, 405);
});

test("nothing outside the folder can be read", async () => {
  const attempts = [
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/../site-private/secret.txt",
    "//etc/passwd",
    "/link.txt",
    "/main.js%00.html",
    "/%",
  ];
  for (const attempt of attempts) {
    const { status, body } = await get(attempt);
    assert.ok(status === 404 || status === 400, `${attempt}: ${status}`);
    assert.doesNotMatch(body, /secret|root:/, attempt);
  }
});

test("a folder without its slash is redirected, and never to another host", async () => {
  assert.equal((await get("/assets")).headers.location, "/assets/");
  assert.equal((await get("//assets")).headers.location, "/assets/");
});

test("the site can appear below any folder", async () => {
  const below = await serve({ root: site, base: "/some/where/", port: 0 });
  try {
    assert.equal((await get("/some/where/main.js", { port: below.port })).status, 200);
    assert.equal((await get("/some/where", { port: below.port })).headers.location, "/some/where/");
    assert.equal((await get("/main.js", { port: below.port })).status, 404);
    assert.ok(below.url.endsWith("/some/where/"));
  } finally {
    await below.close();
  }
});

test("a taken port is passed over", async () => {
  const second = await serve({ root: site, port: server.port });
  try {
    assert.ok(second.port > server.port);
    assert.equal((await get("/", { port: second.port })).status, 200);
  } finally {
    await second.close();
  }
});
