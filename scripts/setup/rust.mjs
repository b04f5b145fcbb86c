/** Setup steps around Rust: linker, compiler, its components and wasm target, and two command line tools. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { inRoot, pretty, toolCache, wasmTarget } from "../lib/paths.mjs";
import { ask, isProgram, must, which } from "../lib/run.mjs";
import { Failure } from "../lib/terminal.mjs";
import { aptInstall } from "./system.mjs";

const WASM_PACK = "0.15.1";

/** @typedef {import("../setup.mjs").Step} Step */
/** @typedef {import("../setup.mjs").Tools} Tools */

/** @type {Step} */
export const linker = {
  name: "C linker",
  does: "install build-essential",
  why: "Rust links native programs with the system's C compiler",
  usually: "under a minute",
  needs: [],
  async find({ env }) {
    const found = which("cc", env) ?? which("gcc", env) ?? which("clang", env);
    return found && pretty(found);
  },
  install: ({ env }) =>
    aptInstall(
      "a C compiler",
      ["build-essential"],
      "install your system's C compiler (macOS: xcode-select --install), then try again",
      env,
    ),
};

/** @type {Step} */
export const rust = {
  name: "rust",
  does: "look for rustc and cargo",
  why: "the simulator's core is written in Rust",
  usually: "no time",
  needs: [],
  async find({ env }) {
    // rustup's own folder, in case the shell has not been restarted since it was installed.
    const home = path.join(env.CARGO_HOME || path.join(os.homedir(), ".cargo"), "bin");
    if (!which("cargo", env) && existsSync(home)) env.PATH = [env.PATH, home].join(path.delimiter);
    if (!which("cargo", env) || !which("rustc", env)) return undefined;
    const version = /^rustc (\d+)\.(\d+)\.\d+/.exec(
      (await ask("rustc", ["--version"], { env })) ?? "",
    );
    if (!version) return undefined;
    const needed = /^rust-version\s*=\s*"(\d+)\.(\d+)/m.exec(
      readFileSync(inRoot("Cargo.toml"), "utf8"),
    );
    const [, major, minor] = needed ?? [];
    if (Number(version[1]) === Number(major) && Number(version[2]) < Number(minor)) {
      throw new Failure("checking the version of Rust", {
        cause: `${version[0]} is installed; Cargo.toml asks for ${major}.${minor} or newer`,
        remedy: "update it: rustup update stable",
      });
    }
    return version[0];
  },
  async install({ env }) {
    const shim = which("rustup", env);
    throw new Failure("looking for Rust", {
      cause: shim
        ? "rustup is there, but no toolchain that works (rustc --version fails or is missing)"
        : "neither cargo nor rustc is on PATH or in ~/.cargo/bin",
      remedy: shim
        ? "install one: rustup toolchain install stable"
        : "install Rust with rustup, as https://rustup.rs describes, then try again",
    });
  },
};

/** @type {Step} */
export const rustComponents = {
  name: "rustfmt and clippy",
  does: "rustup component add rustfmt clippy",
  why: "the tests check formatting and lints",
  usually: "20 s",
  needs: ["rust"],
  async find({ env }) {
    const fmt = await ask("cargo", ["fmt", "--version"], { env });
    const clippy = await ask("cargo", ["clippy", "--version"], { env });
    return fmt && clippy ? `${fmt.split(" (")[0]}, ${clippy.split(" (")[0]}` : undefined;
  },
  install: (tools) => rustupAdd(tools, "component", ["rustfmt", "clippy"]),
};

/** @type {Step} */
export const wasmTargetStep = {
  name: "wasm target",
  does: `rustup target add ${wasmTarget}`,
  why: "the core also runs in the browser, as WebAssembly",
  usually: "20 s",
  needs: ["rust"],
  async find({ env }) {
    const sysroot = await ask("rustc", ["--print", "sysroot"], { env });
    if (!sysroot) return undefined;
    const library = path.join(sysroot, "lib", "rustlib", wasmTarget, "lib");
    const there =
      existsSync(library) && readdirSync(library).some((file) => /^libstd-.*\.rlib$/.test(file));
    return there ? `${wasmTarget} in ${pretty(sysroot)}` : undefined;
  },
  install: (tools) => rustupAdd(tools, "target", [wasmTarget]),
};

/** @param {Tools} tools @param {"component" | "target"} kind @param {string[]} names */
async function rustupAdd({ env }, kind, names) {
  const command = `rustup ${kind} add ${names.join(" ")}`;
  if (!which("rustup", env)) {
    throw new Failure(`${kind} ${names.join(" and ")} for Rust`, {
      cause: "this Rust does not come from rustup, which could add it",
      remedy: `install it from where your Rust comes from (Debian: apt-get install ${
        kind === "target" ? "libstd-rust-dev-wasm32" : "rustfmt rust-clippy"
      }), or use rustup (https://rustup.rs)`,
    });
  }
  const version = (await ask("rustc", ["--version"], { env })) ?? "rustc";
  await must(
    command,
    `if this machine cannot reach the download server of Rust, run "${command}" where it can and copy the toolchain's folder (rustc --print sysroot), or put the ${kind} of exactly ${version} into it`,
    "rustup",
    [kind, "add", ...names],
    { env },
  );
}

/** The version of wasm-bindgen that Cargo.lock pins: the tool must be of exactly the same one. */
function wasmBindgenVersion() {
  const lock = inRoot("Cargo.lock");
  const text = existsSync(lock) ? readFileSync(lock, "utf8") : "";
  const version = /name = "wasm-bindgen"\r?\nversion = "([^"]+)"/.exec(text)?.[1];
  if (version) return version;
  throw new Failure("finding the version of wasm-bindgen to use", {
    cause: text ? "Cargo.lock does not name wasm-bindgen" : "Cargo.lock is missing",
    remedy: "restore it (git checkout Cargo.lock) or make it: cargo generate-lockfile",
  });
}

/** @type {Step} */
export const wasmBindgen = {
  name: "wasm-bindgen",
  does: "compile wasm-bindgen-cli, of the version in Cargo.lock, with cargo",
  why: "it writes the JavaScript and TypeScript side of the WebAssembly core",
  usually: "2 to 3 min",
  needs: ["rust", "C linker"],
  async find(tools) {
    const folder = await findTool(tools, "wasm-bindgen", "wasm-bindgen-cli", wasmBindgenVersion(), [
      "wasm-bindgen-test-runner",
    ]);
    if (folder === undefined) return undefined;
    tools.wasmBindgen = folder;
    return `${wasmBindgenVersion()} in ${pretty(folder)}`;
  },
  install: (tools) => cargoInstall(tools, "wasm-bindgen-cli", wasmBindgenVersion()),
};

/** @type {Step} */
export const wasmPack = {
  name: "wasm-pack",
  does: `compile wasm-pack ${WASM_PACK} with cargo`,
  why: "it runs the Rust tests inside a browser",
  usually: "2 min",
  needs: ["rust", "C linker"],
  async find(tools) {
    const folder = await findTool(tools, "wasm-pack", "wasm-pack", WASM_PACK);
    if (folder === undefined) return undefined;
    tools.wasmPack = path.join(folder, "wasm-pack");
    return `${WASM_PACK} in ${pretty(folder)}`;
  },
  install: (tools) => cargoInstall(tools, "wasm-pack", WASM_PACK),
};

/** @param {string} crate @param {string} version */
const cacheFolder = (crate, version) => path.join(toolCache, `${crate}-${version}`);

/**
 * Folder of a tool of exactly this version: on PATH, or compiled by us earlier.
 * @param {Tools} tools @param {string} program @param {string} crate @param {string} version @param {string[]} [siblings] programs that must lie beside it
 */
async function findTool({ env }, program, crate, version, siblings = []) {
  const ours = path.join(cacheFolder(crate, version), "bin", program);
  for (const file of [which(program, env), ours]) {
    if (!file || !isProgram(file)) continue;
    const folder = path.dirname(file);
    if (!siblings.every((name) => isProgram(path.join(folder, name)))) continue;
    if ((await ask(file, ["--version"], { env }))?.split(/\s+/)[1] === version) return folder;
  }
  return undefined;
}

/** @param {Tools} tools @param {string} crate @param {string} version */
async function cargoInstall({ env }, crate, version) {
  const target = cacheFolder(crate, version);
  mkdirSync(toolCache, { recursive: true });
  // Not --locked: a tool's published lock file may name dependencies that have since been withdrawn.
  // Outside the repository, whose settings are for our crate and not for the tool.
  const args = ["install", crate, "--version", version, "--root", target];
  const { RUSTFLAGS: _, CARGO_BUILD_TARGET: __, ...rest } = env;
  await must(
    `compiling ${crate} ${version}`,
    `if the registry of Rust packages cannot be reached, connect and try again; otherwise by hand: cargo ${args.join(" ")}`,
    "cargo",
    args,
    { env: rest, cwd: toolCache },
  );
}
