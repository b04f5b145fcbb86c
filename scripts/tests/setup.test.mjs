import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { inRoot } from "../lib/paths.mjs";
import { gpuTests, STAGES } from "../lib/stages.mjs";
import { driverManifests, loads } from "../setup/vulkan.mjs";
import { ALL, skipped } from "../setup.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "credit-lab-"));
const drivers = path.join(folder, "vulkan", "icd.d");
const lavapipe = path.join(drivers, "lvp_icd.json");
before(() => {
  mkdirSync(drivers, { recursive: true });
  writeFileSync(lavapipe, "{}");
  writeFileSync(path.join(drivers, "README"), "not a driver");
});
after(() => rmSync(folder, { recursive: true }));

const linux = process.platform === "linux" ? {} : { skip: "Vulkan is for Linux only" };

/** The tools as a setup without Vulkan leaves them. */
const without = { env: {}, missing: new Map([["vulkan", "nobody is root"]]) };

test("the commands start in a fresh clone, before any npm package is there", () => {
  const clone = path.join(folder, "clone");
  cpSync(inRoot("scripts"), path.join(clone, "scripts"), { recursive: true });
  cpSync(inRoot("package.json"), path.join(clone, "package.json"));
  const node = (/** @type {string[]} */ ...args) =>
    spawnSync(process.execPath, args, { cwd: clone, encoding: "utf8" });
  const listed = node("scripts/test.mjs", "--list");
  assert.equal(listed.status, 0, listed.stderr);
  assert.match(listed.stdout, /native/);
  const built = node("--input-type=module", "-e", 'await import("./scripts/build.mjs")');
  assert.equal(built.status, 0, built.stderr);
});

test("drivers are found where the Vulkan loader looks for them", linux, () => {
  const elsewhere = { HOME: "/nowhere", XDG_DATA_HOME: "/nowhere" };
  const found = driverManifests({ ...elsewhere, XDG_DATA_DIRS: `/nowhere:${folder}` });
  assert.ok(found.includes(lavapipe));
  assert.ok(found.every((file) => file.endsWith(".json")));
  assert.ok(driverManifests({ ...elsewhere, XDG_DATA_HOME: folder }).includes(lavapipe));
});

test("drivers that the user names replace all others", linux, () => {
  assert.deepEqual(driverManifests({ VK_ICD_FILENAMES: lavapipe }), [lavapipe]);
  assert.deepEqual(driverManifests({ VK_DRIVER_FILES: `/nowhere.json:${drivers}` }), [lavapipe]);
  assert.deepEqual(
    driverManifests({ VK_DRIVER_FILES: "/nowhere.json", XDG_DATA_HOME: folder }),
    [],
  );
});

test("a shared library is there or not", linux, () => {
  assert.ok(loads("libc.so.6"));
  assert.ok(!loads("libnowhere.so.1"));
});

test("without Vulkan the setup says what is skipped, and succeeds", linux, () => {
  const { stdout, status } = spawnSync(
    process.execPath,
    [inRoot("scripts", "setup.mjs"), "vulkan"],
    // No driver, and no apt-get either.
    { env: { VK_DRIVER_FILES: "/nowhere.json", PATH: "/nowhere" }, encoding: "utf8" },
  );
  assert.match(stdout, /no apt-get/);
  assert.match(stdout, /without {2}vulkan: the GPU tests will be skipped/);
  assert.equal(status, 0);
});

test("without Vulkan the native stage skips the GPU tests and says why; with it they must run", () => {
  assert.equal(gpuTests(without), "skip:nobody is root");
  assert.equal(gpuTests({ env: {}, missing: new Map() }), "require");
  const native = STAGES.find(({ name }) => name === "native");
  assert.deepEqual(skipped(without, native?.wants ?? []), [
    "the GPU tests are skipped without vulkan: nobody is root",
  ]);
});

test("nothing is skipped in a stage that wants nothing optional", () => {
  assert.deepEqual(skipped(without, []), []);
});

test("stages name setup steps and stages that exist", () => {
  const stages = STAGES.map(({ name }) => name);
  for (const { name, tools, wants = [], needs } of STAGES) {
    assert.deepEqual(
      [...tools, ...wants].filter((tool) => !ALL.includes(tool)),
      [],
      name,
    );
    assert.deepEqual(
      needs.filter((need) => !stages.includes(need)),
      [],
      name,
    );
  }
});
