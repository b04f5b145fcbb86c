import assert from "node:assert/strict";
import { test } from "node:test";
import { schedule } from "../lib/schedule.mjs";
import { prefixed, writer } from "../lib/terminal.mjs";

/** Jobs that take some turns of the event loop; what was running when each began. @param {(import("../lib/schedule.mjs").Job & { turns?: number })[]} jobs @param {number} lanes */
async function watch(jobs, lanes) {
  /** @type {Set<string>} */
  const running = new Set();
  /** @type {Record<string, string[]>} */
  const beside = {};
  await schedule(jobs, lanes, async ({ name, turns = 3 }) => {
    beside[name] = [...running];
    running.add(name);
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    running.delete(name);
  });
  return beside;
}

const job = (/** @type {string} */ name, /** @type {object} */ more = {}) => ({
  name,
  needs: /** @type {string[]} */ ([]),
  ...more,
});

test("as many jobs run side by side as there are lanes", async () => {
  const jobs = ["a", "b", "c"].map((name) => job(name));
  assert.deepEqual(await watch(jobs, 2), { a: [], b: ["a"], c: ["b"] });
  assert.deepEqual(await watch(jobs, 1), { a: [], b: [], c: [] });
});

test("a job waits for what it needs, and others go before it", async () => {
  const jobs = [job("a", { turns: 9 }), job("b", { needs: ["a", "elsewhere"] }), job("c")];
  const beside = await watch(jobs, 2);
  assert.deepEqual(Object.keys(beside), ["a", "c", "b"]);
  assert.deepEqual(beside.b, []);
});

test("what cannot be shared is used by one at a time", async () => {
  const jobs = [job("a", { shares: "x" }), job("b", { shares: "x" }), job("c", { shares: "y" })];
  const beside = await watch(jobs, 3);
  assert.deepEqual(beside.c, ["a"]);
  assert.ok(!beside.b?.includes("a"));
});

test("a job that measures time runs alone", async () => {
  const jobs = [job("a"), job("page", { alone: true }), job("b"), job("c", { needs: ["page"] })];
  const beside = await watch(jobs, 4);
  assert.deepEqual(Object.keys(beside), ["a", "b", "page", "c"]);
  assert.deepEqual([beside.page, beside.c], [[], []]);
});

test("jobs that wait for each other are an error", async () => {
  const jobs = [job("a", { needs: ["b"] }), job("b", { needs: ["a"] })];
  await assert.rejects(watch(jobs, 2), /wait for each other: a, b/);
});

test("lines of jobs that run side by side name their job and stay whole", async () => {
  let shown = "";
  const to = {
    write: (/** @type {string} */ text) => (shown += text),
  };
  const talk = (/** @type {string} */ name) =>
    prefixed(`${name} | `, async () => {
      const { write, end } = writer(to);
      write(`begin ${name}\nhalf `);
      await new Promise((resolve) => setImmediate(resolve));
      write("a line\nlast");
      end();
    });
  await Promise.all([talk("a"), talk("b")]);
  const wanted = (/** @type {string} */ name) =>
    [`${name} | half a line`, `${name} | last`].join("\n");
  assert.equal(shown, `a | begin a\nb | begin b\n${wanted("a")}\n${wanted("b")}\n`);
});
