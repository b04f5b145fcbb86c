/**
 * npm test [-- group or stage ...]: everything that must hold before a change lands, as named stages, two side by side
 * where they do not disturb each other. A stage that fails does not stop the others, except those that need its result.
 * The last line counts stages.
 *
 *   npm test                      all stages
 *   npm test -- rust              a group: rust, wasm, web, e2e, lint, check
 *   npm test -- types unit        single stages
 *   npm test -- --list            their names
 *   npm test -- --serial          one after the other
 */
import os from "node:os";
import { schedule } from "./lib/schedule.mjs";
import { STAGES } from "./lib/stages.mjs";
import {
  bold,
  dim,
  duration,
  explain,
  Failure,
  green,
  launch,
  prefixed,
  red,
  say,
} from "./lib/terminal.mjs";
import { setUp, skipped } from "./setup.mjs";

/**
 * @typedef {import("./lib/stages.mjs").Stage} Stage
 * @typedef {{ name: string, state: "passed" | "FAILED" | "NOT RUN", ms: number, note?: string | undefined }} Result
 */

/** The stages asked for and those whose results they need, in the order in which they run. @param {string[]} names @returns {Stage[]} */
function choose(names) {
  const matching = (/** @type {string} */ name) => {
    const found = STAGES.filter((stage) => stage.name === name || stage.groups.includes(name));
    if (found.length > 0) return found;
    const groups = [...new Set(STAGES.flatMap((stage) => stage.groups))];
    throw new Failure(`choosing what to test: "${name}"`, {
      cause: "there is no group or stage of that name",
      remedy: `groups: ${groups.join(", ")}; stages: ${STAGES.map((stage) => stage.name).join(", ")}`,
    });
  };
  /** @type {Set<Stage>} */
  const chosen = new Set();
  const add = (/** @type {Stage} */ stage) => {
    chosen.add(stage);
    for (const need of stage.needs) matching(need).forEach(add);
  };
  (names.length > 0 ? names.flatMap(matching) : STAGES).forEach(add);
  return STAGES.filter((stage) => chosen.has(stage));
}

/** @param {string} name @param {string} does @param {string} usually */
const announce = (name, does, usually) =>
  say(`\n${bold(`== ${name}`)} ${does} ${dim(`(usually ${usually})`)}`);

/** @param {Result} result */
function report(result) {
  const paint = result.state === "passed" ? green : red;
  say(paint(`== ${result.name}: ${result.state} after ${duration(result.ms)}`));
}

/** @param {Stage} stage @param {import("./setup.mjs").Tools} tools @returns {Promise<Result>} */
async function runStage(stage, tools) {
  const started = performance.now();
  announce(stage.name, stage.does, stage.usually);
  const skips = skipped(tools, stage.wants ?? []);
  for (const skip of skips) say(bold(skip));
  /** @type {Result} */
  const result = { name: stage.name, state: "passed", ms: 0, note: skips.join("; ") };
  try {
    await stage.run(tools);
  } catch (error) {
    explain(error);
    result.state = "FAILED";
    result.note = `again: npm test -- ${stage.name}`;
  }
  result.ms = performance.now() - started;
  report(result);
  return result;
}

/** @param {Result[]} results @param {number} started */
function summarise(results, started) {
  const width = Math.max(...results.map(({ name }) => name.length));
  say(`\n${bold("Summary")}, ${duration(performance.now() - started)} in all`);
  for (const { name, state, ms, note } of results) {
    const line = `  ${state.padEnd(8)} ${name.padEnd(width)}  ${duration(ms).padStart(11)}${note ? `  ${note}` : ""}`;
    say(state === "passed" ? line : red(line));
  }
  const passed = results.filter(({ state }) => state === "passed").length;
  // A stage that passed has something to note only if it skipped some of its tests.
  const partly = results.filter(({ state, note }) => state === "passed" && note);
  const skips = partly.map(({ name }) => `; tests were skipped in ${name}`).join("");
  say();
  say(`${passed} passed, ${results.length - passed} failed${skips}`);
  return passed === results.length ? 0 : 1;
}

launch(async () => {
  const started = performance.now();
  const args = process.argv.slice(2);
  const names = args.filter((arg) => arg !== "--serial");
  // Compilers and browsers leave a second core idle half of the time; a third stage would only compete.
  const lanes = args.includes("--serial") ? 1 : Math.min(2, os.availableParallelism());
  if (names.includes("--list")) {
    for (const { name, groups, does } of STAGES)
      say(`${name.padEnd(12)} ${groups.join(" ").padEnd(18)} ${does}`);
    return 0;
  }
  const stages = choose(names);

  announce("setup", "what the stages need on this machine", "a second; the first time up to 7 min");
  const { tools, failed } = await setUp(
    stages.flatMap((stage) => [...stage.tools, ...(stage.wants ?? [])]),
  );
  /** @type {Result[]} */
  const results = [
    {
      name: "setup",
      state: failed.size > 0 ? "FAILED" : "passed",
      ms: performance.now() - started,
    },
  ];
  results.forEach(report);

  /** @type {Set<string>} names of tools and stages that cannot be built upon */
  const missing = new Set(failed);
  const width = Math.max(...stages.map(({ name }) => name.length));
  await schedule(stages, lanes, async (stage) => {
    const lacks = [...stage.tools, ...stage.needs].find((need) => missing.has(need));
    const result = lacks
      ? { name: stage.name, state: /** @type {const} */ ("NOT RUN"), ms: 0, note: `needs ${lacks}` }
      : await (lanes === 1
          ? runStage(stage, tools)
          : prefixed(`${stage.name.padEnd(width)} | `, () => runStage(stage, tools)));
    if (result.state !== "passed") missing.add(stage.name);
    results.push(result);
  });
  const place = (/** @type {Result} */ { name }) =>
    stages.findIndex((stage) => stage.name === name);
  results.sort((a, b) => place(a) - place(b));
  return summarise(results, started);
});
