/**
 * npm run bench -- [browser] [native] [gpu] [--quick] [--case TEXT] [--peers] [--no-build]
 *                  [--adapter software|hardware] [--threads N] [--json FILE]
 *
 * Times whole training steps of Credit Lab and of the libraries it is compared with, on one core (natively on N),
 * everyone in turns within the same run, and prints one table per case. Not a test: nothing fails
 * because a number is low; a contender whose arithmetic is wrong does fail.
 * Structure: lib/cases.mjs (what), suites/*.mjs (where), contenders/*.mjs (who); README.md tells
 * how to add one.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { must } from "../../scripts/lib/run.mjs";
import { bold, dim, duration, Failure, launch, say } from "../../scripts/lib/terminal.mjs";
import { CASES, checkSteps, judgedBy } from "./lib/cases.mjs";
import { ADAPTERS } from "./lib/chromium.mjs";
import { trainCnn } from "./lib/cnn-reference.mjs";
import { train } from "./lib/reference.mjs";
import { gpuLines, productLines, table, targetLines, targets } from "./lib/report.mjs";
import { runCase } from "./lib/runner.mjs";
import { makeSetup, readDigits } from "./lib/setup.mjs";
import browser from "./suites/browser.mjs";
import gpu from "./suites/gpu.mjs";
import native from "./suites/native.mjs";

const SUITES = [browser, native, gpu];
/** Those that run when none is named. */
const USUAL = [browser, native];
const USAGE =
  "npm run bench -- [browser] [native] [gpu] [--quick] [--case TEXT] [--peers] [--no-build] [--adapter software|hardware] [--threads N] [--json FILE]";

/**
 * Rounds; ms of one timing; ms of warm-up (long enough for the engines' optimising compilers);
 * steps of a timing at least; ms that a contender may be timed in a case; how much is checked. A suite
 * may have its own.
 */
const USUALLY = { least: 1, budget: Number.POSITIVE_INFINITY, check: { share: 1, least: 5 } };
const TIMING = {
  full: { ...USUALLY, rounds: 9, window: 400, warm: 1500 },
  quick: { ...USUALLY, rounds: 3, window: 200, warm: 600 },
};

function options() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        case: { type: "string", default: "" },
        peers: { type: "boolean", default: false },
        "no-build": { type: "boolean", default: false },
        adapter: { type: "string", default: "software" },
        threads: { type: "string", default: "1" },
        json: { type: "string" },
        only: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new Failure("reading the command line", { cause: error.message, remedy: USAGE });
  }
  const { values, positionals } = parsed;
  const wanted = [...positionals, ...(values.only ? [values.only] : [])];
  const unknown = wanted.find((name) => !SUITES.some((suite) => suite.name === name));
  const suites = wanted.length ? SUITES.filter(({ name }) => wanted.includes(name)) : USUAL;
  const cases = CASES.filter(
    (c) =>
      (c.quick || !values.quick) &&
      (c.adapter ?? values.adapter) === values.adapter &&
      c.id.includes(values.case) &&
      suites.some(({ name }) => c.suites.includes(name)),
  );
  const threads = Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new Failure("reading the command line", {
      cause: `"${values.threads}" is no number of threads`,
      remedy: USAGE,
    });
  }
  const noAdapter = !Object.hasOwn(ADAPTERS, values.adapter);
  if (unknown || noAdapter || cases.length === 0) {
    throw new Failure("reading the command line", {
      cause: unknown
        ? `there is no suite "${unknown}"`
        : noAdapter
          ? `there is no adapter "${values.adapter}"`
          : `no case of these suites has "${values.case}" in its name`,
      remedy: `${USAGE}\nsuites: ${SUITES.map(({ name }) => name).join(", ")}\ncases: ${CASES.map(({ id }) => id).join(", ")}`,
    });
  }
  return { ...values, threads, cases, suites, speed: values.quick ? "quick" : "full" };
}

/** One line that is overwritten on a terminal and silent elsewhere. */
const progress = (text) => {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${dim(text)}`);
};

function prepare(cases, check) {
  progress("drawing the common start and training the reference (f64) …");
  const digits = readDigits();
  const judged = new Map(cases.map(judgedBy).map((c) => [c.id, makeSetup(c, digits)]));
  const float = (list) => list.map((a) => a && Float32Array.from(a));
  const references = new Map();
  for (const [id, setup] of judged) {
    const { w, b, fb } = (setup.image ? trainCnn : train)(setup, checkSteps(setup, check));
    references.set(id, { w: float(w), b: float(b), fb: float(fb) });
  }
  const others = cases.filter(({ id }) => !judged.has(id));
  const setups = new Map([...judged, ...others.map((c) => [c.id, makeSetup(c, digits)])]);
  progress("");
  return { setups, references };
}

async function runSuite(suite, { speed, ...context }) {
  const cases = context.cases.filter((c) => c.suites.includes(suite.name));
  const timing = (suite.timing ?? TIMING)[speed];
  const { about, contenders, products, stop } = await suite.start({
    ...context,
    cases,
    ...prepare(cases, timing.check),
  });
  const results = [];
  let measured;
  try {
    say(`\n${bold(suite.title)} ${dim(about)}`);
    for (const { title, version, note } of contenders) {
      say(dim(`  ${[title, version, note].filter(Boolean).join(" · ")}`));
    }
    for (const c of cases) {
      const rows = await runCase(c, contenders, timing, progress);
      progress("");
      say(
        `\n${bold(c.title)} ${dim(`${(c.flops / 1e6).toFixed(1)} MFLOP a step`)}\n${table(rows)}`,
      );
      for (const line of gpuLines(rows)) say(dim(line));
      results.push({ suite: suite.name, case: c.id, flops: c.flops, rows });
    }
    measured = await products?.();
    if (measured) say(`\n${bold("Products")}\n${productLines(measured).join("\n")}`);
  } finally {
    await stop();
  }
  const roster = contenders.map(({ id, title, version, note }) => ({ id, title, version, note }));
  return { about, timing, roster, products: measured ?? null, results };
}

async function main() {
  const {
    help,
    cases,
    suites,
    speed,
    adapter,
    threads,
    peers,
    json,
    "no-build": noBuild,
  } = options();
  if (help) return void say(USAGE);
  const started = Date.now();
  const ours = !peers;
  if (ours && !noBuild && (suites.includes(browser) || suites.includes(gpu))) {
    const script = inRoot("scripts", "build.mjs");
    await must("building the module", "see the lines above", process.execPath, [script]);
  }
  const machine = {
    cpu: os.cpus()[0].model.trim(),
    cores: os.cpus().length,
    load: os.loadavg()[0],
  };
  say(`${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)} before the start`);
  if (machine.load > 0.5) say("The machine is busy: trust the ratios, not the absolute numbers.");

  const context = { cases, ours, speed, adapter, threads };
  const report = { date: new Date().toISOString(), machine, suites: {}, results: [] };
  for (const suite of suites) {
    const { results, ...about } = await runSuite(suite, context);
    report.suites[suite.name] = about;
    report.results.push(...results);
  }
  if (ours) {
    const lines = targetLines(report.results);
    if (lines.length) say(`\n${bold("Goals")}\n${lines.join("\n")}`);
    report.targets = targets(report.results);
  }
  if (json) {
    mkdirSync(path.dirname(path.resolve(json)), { recursive: true });
    writeFileSync(json, `${JSON.stringify(report, null, 1)}\n`);
    say(`\nAll rounds are in ${json}`);
  }
  say(dim(`\nDone in ${duration(Date.now() - started)}`));
  const wrong = report.results.flatMap((r) =>
    r.rows.filter(({ check }) => check && !check.ok).map(({ title }) => `${title} on ${r.case}`),
  );
  if (wrong.length) {
    throw new Failure("the correctness check of the benchmark", {
      cause: `not the reference's result: ${wrong.join(", ")}`,
      remedy: "its speed means nothing until it computes the same step; see lib/reference.mjs",
    });
  }
}

launch(main);
