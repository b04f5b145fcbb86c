import assert from "node:assert/strict";
import { test } from "node:test";
import { BROWSER_FLAGS, dashed, GPU_FLAGS } from "../lib/browser-flags.mjs";

test("flags have no dashes until a command line needs them", () => {
  const flags = [...BROWSER_FLAGS, ...GPU_FLAGS];
  assert.ok(flags.every((flag) => !flag.startsWith("-")));
  assert.ok(dashed(flags).every((flag) => /^--\w/.test(flag)));
});

test("no flag replaces a list of features that Playwright gives", () => {
  const lists = /^(en|dis)able-features\b/;
  assert.deepEqual(
    [...BROWSER_FLAGS, ...GPU_FLAGS].filter((flag) => lists.test(flag)),
    [],
  );
});
