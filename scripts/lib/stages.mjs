/** The stages of npm test: what each checks, what it needs, how it is run. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import {
  buildCore,
  buildData,
  buildFont,
  buildSite,
  checkWasmSize,
  locked,
  SCALAR_FEATURES,
  WEB_FEATURES,
  wasmEnv,
} from "../build.mjs";
import { BROWSER_FLAGS, GPU_FLAGS } from "./browser-flags.mjs";
import { biome, tsc, vitest } from "./node-tools.mjs";
import { dist, inRoot, isScalar, pretty, wasmTarget, work } from "./paths.mjs";
import { must } from "./run.mjs";
import { filesBelow } from "./stamp.mjs";
import { colour, Failure, kilobytes, say } from "./terminal.mjs";

/**
 * @typedef {import("../setup.mjs").Tools} Tools
 *
 * @typedef {object} Stage
 * @property {string} name
 * @property {string[]} groups
 * @property {string} does
 * @property {string} usually how long it takes on two cores once dependencies are compiled
 * @property {string[]} tools names of setup steps
 * @property {string[]} [wants] names of optional setup steps, whose lack it bears by skipping some tests
 * @property {string[]} needs names of stages whose results it uses
 * @property {string} [shares] the folder that cargo lets only one stage at a time compile into
 * @property {boolean} [alone] it measures time, so that nothing may run beside it
 * @property {(tools: Tools) => Promise<unknown>} run throws when the stage fails
 */

const RUST = ["rust", "rustfmt and clippy"];
const NPM = ["npm packages"];
const CORE = [...NPM, "rust", "C linker", "wasm target", "wasm-bindgen"];

/** Minutes after which a stage counts as hanging, several times its usual time: the machine may be slow, and two run at once. */
const PATIENCE = 20;

/** Minutes for the tests of one file in a browser, whose software GPU is slow. */
const BROWSER_PATIENCE = 15;

/** The test files that also run in a browser. The others are native: their doubles and generators need an operating system. */
const browserTests = () =>
  readdirSync(inRoot("crate", "tests")).flatMap((name) => /^(web.*)\.rs$/.exec(name)?.[1] ?? []);

/** @param {string} name @returns {string[]} */
const only = (name) => ["--test", name];

/** @param {string[]} args @param {NodeJS.ProcessEnv} env */
const cargo = (args, env) =>
  must(`cargo ${args[0]}`, "mend what cargo names above", "cargo", args, {
    env,
    minutes: PATIENCE,
  });

/** @param {string} what @param {string} remedy @param {string[]} args @param {NodeJS.ProcessEnv} env */
const node = (what, remedy, args, env) =>
  must(what, remedy, process.execPath, args, { env, minutes: PATIENCE });

/**
 * Runs node:test files; none at all is a failure, not a success.
 * @param {string} folder @param {NodeJS.ProcessEnv} env @param {string[]} [flags] @param {(file: string) => boolean} [chosen]
 */
function nodeTests(folder, env, flags = [], chosen = () => true) {
  const files = filesBelow([inRoot(folder)]).filter(
    (file) => file.endsWith(".test.mjs") && chosen(file),
  );
  if (files.length === 0) {
    throw new Failure(`running the tests in ${folder}`, {
      cause: `there is no *.test.mjs in ${folder}`,
      remedy: `restore them: git checkout ${folder}`,
    });
  }
  const args = ["--test", "--test-reporter=spec", ...flags, ...files];
  return node(`the tests in ${folder}`, "the failing tests are named above", args, env);
}

/**
 * What the Rust tests of training on a GPU do: fail where there is none, or say why they do nothing.
 * @param {Tools} tools
 */
export function gpuTests({ missing }) {
  const why = missing.get("vulkan");
  return why === undefined ? "require" : `skip:${why}`;
}

/** One file after the other, since one without tests would hide among the others. @param {Tools} tools */
async function browserRustTests(tools) {
  const names = browserTests();
  if (names.length === 0) {
    throw new Failure("the Rust tests in a browser", {
      cause: "there is no crate/tests/web*.rs",
      remedy: "restore them: git checkout crate/tests",
    });
  }
  for (const name of names) await wasmPackTest(tools, name);
}

/** @param {Tools} tools @param {string} name of a test file */
async function wasmPackTest(tools, name) {
  const { env, wasmBindgen = "", wasmPack = "", chromium = "", chromedriver = "" } = tools;
  // The browser's path differs between machines, so the driver's settings are made here and never kept.
  const webdriver = path.join(work, "webdriver.json");
  mkdirSync(work, { recursive: true });
  const options = { binary: chromium, args: ["headless", ...BROWSER_FLAGS, ...GPU_FLAGS] };
  writeFileSync(webdriver, JSON.stringify({ "goog:chromeOptions": options }, undefined, 2));
  const output = await must(
    `the Rust tests of ${name}.rs in a browser`,
    "the failing tests are named above; if the browser did not start, its driver's messages are there too",
    wasmPack,
    // no-install: wasm-pack must not download tools of its own; it takes wasm-bindgen from PATH.
    [
      ...["test", "--mode", "no-install", "--headless", "--chrome", "--chromedriver", chromedriver],
      ...["--release", "crate", ...WEB_FEATURES, ...only(name), ...locked],
    ],
    {
      env: {
        ...wasmEnv(tools),
        PATH: [wasmBindgen, path.dirname(wasmPack), env.PATH].join(path.delimiter),
        WASM_BINDGEN_TEST_WEBDRIVER_JSON: webdriver,
        // Seconds for all tests of the file, and for a cold chromedriver to start on a busy machine.
        WASM_BINDGEN_TEST_TIMEOUT: String(60 * BROWSER_PATIENCE),
        WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "60",
      },
      minutes: PATIENCE + BROWSER_PATIENCE,
    },
  );
  if (!/test result: ok\. [1-9]/.test(output)) {
    throw new Failure(`the Rust tests of ${name}.rs in a browser`, {
      cause: "not a single test ran",
      remedy:
        "tests in crate/tests/web*.rs need #[wasm_bindgen_test] and wasm_bindgen_test_configure!(run_in_browser)",
    });
  }
}

/** Whether a test file measures time, so that a second browser would falsify it. @param {string} file */
const measuresTime = (file) => /\bframeTimes\b|"lighthouse"/.test(readFileSync(file, "utf8"));

/** Two files side by side, then one by one those that measure time. @param {Tools} tools */
async function pageTests({ env, chromium, firefox, missing }) {
  const settings = {
    ...env,
    CHROMIUM: chromium,
    FIREFOX: firefox ?? `skip:${missing.get("firefox")}`,
    DIST: dist,
  };
  // A failing test often leaves its browser open; it must not keep the stage waiting. The limit is that of a whole file.
  const flags = ["--test-force-exit", `--test-timeout=${BROWSER_PATIENCE * 60_000}`];
  /** @param {number} side @param {(file: string) => boolean} chosen */
  const files = (side, chosen) =>
    nodeTests("tests/browser", settings, [...flags, `--test-concurrency=${side}`], chosen);
  /** @type {unknown[]} */
  const failures = [];
  const keep = (/** @type {unknown} */ failure) => void failures.push(failure);
  await files(2, (file) => !measuresTime(file)).catch(keep);
  await files(1, measuresTime).catch(keep);
  if (failures.length > 0) throw failures[0];
}

/** What is shipped: sizes, and that nothing in it depends on where it is hosted. */
async function checkBundle() {
  const files = filesBelow([dist]);
  for (const file of files) {
    const bytes = readFileSync(file);
    const zipped = gzipSync(bytes, { level: 9 }).length;
    say(
      `  ${pretty(file).padEnd(48)} ${kilobytes(bytes.length).padStart(11)}, gzip ${kilobytes(zipped).padStart(10)}`,
    );
  }
  const wrong = (/** @type {string} */ cause) =>
    new Failure("checking dist/", {
      cause,
      remedy: "look at vite.config.ts and at how the page refers to its files",
    });
  const ofPackage = path.join(dist, "package") + path.sep;
  for (const what of ["the site", "the package"]) {
    const cores = files.filter(
      (file) => file.endsWith(".wasm") && file.startsWith(ofPackage) === (what === "the package"),
    );
    const [core, ...more] = cores.filter((file) => !isScalar(file));
    if (cores.length !== 2 || core === undefined || more.length > 0)
      throw wrong(
        `expected two .wasm files in ${what}, one of them for browsers without SIMD, found ${cores.length}`,
      );
    checkWasmSize(core);
  }
  if (!files.includes(path.join(dist, "data", "mnist-10k.bin")))
    throw wrong("data/mnist-10k.bin is missing");
  for (const page of readdirSync(dist).filter((name) => name.endsWith(".html"))) {
    const html = readFileSync(path.join(dist, page), "utf8");
    // Links to read elsewhere (<a>) may leave the site; what the page loads may not, and must be relative.
    const absolute =
      /<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)\s*=\s*["'](?:\/|https?:)[^"']*/i.exec(
        html,
      );
    if (absolute) throw wrong(`${page} loads by an absolute URL: ${absolute[0]}`);
  }
}

/** @type {Stage[]} */
export const STAGES = [
  {
    name: "fmt",
    groups: ["rust", "lint", "check"],
    does: "rustfmt --check",
    usually: "1 s",
    tools: RUST,
    needs: [],
    run: ({ env }) =>
      must("rustfmt", "npm run format", "cargo", ["fmt", "--all", "--check"], {
        env,
        minutes: PATIENCE,
      }),
  },
  {
    name: "clippy",
    groups: ["rust", "lint", "check"],
    does: "clippy on all native targets, warnings are errors",
    usually: "20 s",
    tools: [...RUST, "C linker"],
    needs: [],
    shares: "target/debug",
    run: ({ env }) =>
      cargo(["clippy", "--workspace", "--all-targets", ...locked, "--", "-D", "warnings"], env),
  },
  {
    name: "clippy-wasm",
    groups: ["wasm", "lint", "check"],
    does: `clippy on ${wasmTarget} with the features of both cores, warnings are errors`,
    usually: "20 s",
    tools: [...RUST, "C linker", "wasm target"],
    needs: [],
    shares: "target/debug",
    async run(tools) {
      const what = ["clippy", "--package", "credit-lab", "--lib", "--target", wasmTarget];
      const how = [...locked, "--", "-D", "warnings"];
      const tests = browserTests().flatMap(only);
      await cargo([...what, ...WEB_FEATURES, ...tests, ...how], wasmEnv(tools));
      await cargo([...what, ...SCALAR_FEATURES, ...how], wasmEnv(tools));
    },
  },
  {
    name: "doc",
    groups: ["rust", "check"],
    does: "rustdoc, warnings are errors",
    usually: "20 s",
    tools: ["rust", "C linker"],
    needs: [],
    shares: "target/debug",
    run: ({ env }) =>
      cargo(["doc", "--workspace", "--no-deps", ...locked], { ...env, RUSTDOCFLAGS: "-Dwarnings" }),
  },
  {
    name: "native",
    groups: ["rust"],
    does: "cargo test: the core's tests, native",
    usually: "4 min",
    tools: ["rust", "C linker"],
    wants: ["vulkan"],
    needs: [],
    shares: "target/debug",
    run: (tools) =>
      cargo(["test", "--workspace", ...locked], {
        ...tools.env,
        CREDIT_LAB_GPU_TESTS: gpuTests(tools),
      }),
  },
  {
    name: "browser",
    groups: ["wasm"],
    does: "wasm-pack test --headless --chrome: the same core in a browser",
    usually: "5 min",
    tools: ["rust", "C linker", "wasm target", "wasm-bindgen", "wasm-pack", "chromium"],
    needs: [],
    shares: "target/release",
    run: browserRustTests,
  },
  {
    name: "core",
    groups: ["web", "check"],
    does: "build the WebAssembly core and its TypeScript declarations",
    usually: "1 min",
    tools: CORE,
    needs: [],
    shares: "target/release",
    run: buildCore,
  },
  {
    name: "types",
    groups: ["web", "check"],
    does: "tsc --noEmit, on the page and on the scripts",
    usually: "2 s",
    tools: NPM,
    needs: ["core"],
    async run({ env }) {
      const remedy = "mend the errors above";
      await node(
        "type-checking the page",
        remedy,
        [...tsc, "--noEmit", "-p", "tsconfig.json"],
        env,
      );
      await node(
        "type-checking the scripts",
        remedy,
        [...tsc, "--noEmit", "-p", "scripts/tsconfig.json"],
        env,
      );
    },
  },
  {
    name: "biome",
    groups: ["web", "lint", "check"],
    does: "biome ci: format and lint of everything that is not Rust",
    usually: "1 s",
    tools: NPM,
    needs: [],
    run: ({ env }) =>
      node(
        "biome",
        "npm run format mends most of it",
        [...biome, "ci", "--error-on-warnings", `--colors=${colour ? "force" : "off"}`],
        env,
      ),
  },
  {
    name: "scripts",
    groups: ["web"],
    does: "tests of the build scripts and the static server",
    usually: "5 s",
    tools: NPM,
    needs: [],
    run: ({ env }) => nodeTests("scripts/tests", env),
  },
  {
    name: "unit",
    groups: ["web"],
    does: "vitest: the page's unit tests",
    usually: "5 s",
    tools: NPM,
    needs: ["core"],
    run: ({ env }) =>
      node("the page's unit tests", "the failing tests are named above", [...vitest, "run"], env),
  },
  {
    name: "build",
    groups: ["e2e", "check"],
    does: "pack digits and font, and bundle the static site into dist/",
    usually: "5 s",
    tools: NPM,
    needs: ["core"],
    async run(tools) {
      await buildData();
      await buildFont();
      await buildSite(tools);
    },
  },
  {
    name: "page",
    groups: ["e2e"],
    does: "the built site end to end in headless Chromium and Firefox",
    usually: "9 min",
    tools: [...NPM, "chromium"],
    wants: ["firefox"],
    needs: ["build"],
    alone: true,
    run: pageTests,
  },
  {
    name: "size",
    groups: ["e2e", "check"],
    does: "sizes of what is shipped, and that all its URLs are relative",
    usually: "1 s",
    tools: [],
    needs: ["build"],
    run: checkBundle,
  },
];
