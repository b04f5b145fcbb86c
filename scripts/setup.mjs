/**
 * Brings a machine to the point where Credit Lab can be built and tested. Each step says what it does, why, how long
 * it usually takes and how long it took; what is present is left alone.
 *
 *   node scripts/setup.mjs [--dry-run] [step ...]
 */
import { pathToFileURL } from "node:url";
import { bold, duration, explain, Failure, green, launch, red, say } from "./lib/terminal.mjs";
import { chromium } from "./setup/chromium.mjs";
import { firefox } from "./setup/firefox.mjs";
import { npmPackages } from "./setup/npm.mjs";
import {
  linker,
  rust,
  rustComponents,
  wasmBindgen,
  wasmPack,
  wasmTargetStep,
} from "./setup/rust.mjs";
import { vulkan } from "./setup/vulkan.mjs";

/**
 * @typedef {object} Tools what the steps found out, filled in as they run
 * @property {NodeJS.ProcessEnv} env environment for child processes; PATH leads to the tools
 * @property {Map<string, string>} missing steps that did not succeed, and why
 * @property {string} [wasmBindgen] folder of wasm-bindgen and its test runner
 * @property {string} [wasmPack]
 * @property {string} [chromium]
 * @property {string} [chromedriver]
 * @property {string} [firefox]
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {string} does what installing it does
 * @property {string} why
 * @property {string} usually how long installing takes
 * @property {string[]} needs names of steps that must have succeeded before
 * @property {string} [optional] what is skipped where the step fails; without this, a failure is final
 * @property {(tools: Tools) => Promise<string | undefined>} find what is there ("1.95.0 in ~/.cargo"), or undefined
 * @property {(tools: Tools) => Promise<void>} install
 */

/** @type {Step} */
const node = {
  name: "node",
  does: "check the version of Node.js",
  why: "it runs these scripts and the page's build",
  usually: "no time",
  needs: [],
  async find() {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const enough = major > 20 || (major === 20 && minor >= 19);
    return enough ? process.versions.node : undefined;
  },
  async install() {
    throw new Failure("checking the version of Node.js", {
      cause: `this is Node.js ${process.versions.node}; 20.19 or newer is needed`,
      remedy:
        "install a current LTS version (from nodejs.org, or with nvm: nvm install --lts), then try again",
    });
  },
};

/** In the order in which they run. */
const STEPS = [
  node,
  npmPackages,
  linker,
  rust,
  rustComponents,
  wasmTargetStep,
  wasmBindgen,
  wasmPack,
  chromium,
  firefox,
  vulkan,
];

/** What building the page takes. */
export const FOR_BUILD = [
  "node",
  "npm packages",
  "C linker",
  "rust",
  "wasm target",
  "wasm-bindgen",
];
export const ALL = STEPS.map((step) => step.name);

/** What is skipped for lack of an optional step, and why. @param {Tools} tools @param {string[]} wants @returns {string[]} */
export const skipped = ({ missing }, wants) =>
  STEPS.filter(({ name }) => wants.includes(name) && missing.has(name)).map(
    ({ name, optional }) => `${optional} are skipped without ${name}: ${missing.get(name)}`,
  );

/**
 * Runs the named steps and what they need; goes on after a failure with the steps that do not depend on it.
 * @param {string[]} names @param {{ dryRun?: boolean }} [options]
 * @returns {Promise<{ tools: Tools, failed: Set<string> }>} the failed ones without those that are optional
 */
export async function setUp(names, { dryRun = false } = {}) {
  /** @type {Tools} */
  const tools = { env: { ...process.env }, missing: new Map() };
  /** @type {Set<string>} */
  const failed = new Set();
  const wanted = withNeeds(names);
  say(bold(dryRun ? "What is there, and what would be installed:" : "Checking what is installed:"));
  for (const step of STEPS.filter(({ name }) => wanted.has(name))) {
    const need = step.needs.find((name) => tools.missing.has(name));
    if (need) say(red(`  ${step.name}: not tried, since ${need} failed`));
    const why = need ? `${need} failed` : await runStep(step, tools, dryRun);
    if (why === undefined) continue;
    tools.missing.set(step.name, why);
    if (!step.optional) failed.add(step.name);
    else say(`  ${bold("without")}  ${step.name}: ${step.optional} will be skipped`);
  }
  return { tools, failed };
}

/** Runs the named steps; the first failure is final. @param {string[]} names */
export async function require(names) {
  const { tools, failed } = await setUp(names);
  if (failed.size > 0) {
    throw new Failure("preparing this machine", {
      cause: `not in place: ${[...failed].join(", ")} (see above)`,
      remedy:
        "follow the remedy given above, then run the same command again; what is done is not done again",
    });
  }
  return tools;
}

/** @param {string[]} names */
function withNeeds(names) {
  /** @type {Set<string>} */
  const wanted = new Set();
  const add = (/** @type {string} */ name) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    const step = STEPS.find((candidate) => candidate.name === name);
    if (!step) {
      throw new Failure(`setting up "${name}"`, {
        cause: "there is no step of that name",
        remedy: `choose from: ${ALL.join(", ")}`,
      });
    }
    step.needs.forEach(add);
  };
  names.forEach(add);
  return wanted;
}

/** @param {Step} step @param {Tools} tools @param {boolean} dryRun @returns {Promise<string | undefined>} why it is not in place */
async function runStep(step, tools, dryRun) {
  const started = performance.now();
  try {
    const found = await step.find(tools);
    if (found !== undefined) {
      say(`  ${green("present")}  ${step.name}: ${found}`);
      return undefined;
    }
    say(
      `  ${bold("missing")}  ${step.name}: ${step.does}, because ${step.why}; usually takes ${step.usually}`,
    );
    if (dryRun) return undefined;
    await step.install(tools);
    const now = await step.find(tools);
    if (now === undefined) {
      throw new Failure(`installing ${step.name}`, {
        cause: "the installation ended without an error, but it still cannot be found",
        remedy: "run npm run setup and read its output; installing it by hand on PATH helps too",
      });
    }
    say(
      `  ${green("done")}     ${step.name}: ${now}, took ${duration(performance.now() - started)}`,
    );
    return undefined;
  } catch (error) {
    explain(error);
    return error instanceof Failure ? error.why : String(error);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  launch(async () => {
    const args = process.argv.slice(2);
    const names = args.filter((arg) => arg !== "--dry-run");
    const { failed } = await setUp(names.length > 0 ? names : ALL, {
      dryRun: args.includes("--dry-run"),
    });
    return failed.size > 0 ? 1 : 0;
  });
}
