/**
 * The browser's side of the benchmark: holds one session per contender and times what run.mjs asks
 * for. It knows no library; a contender is a file in ../contenders with this default export:
 *   { name, title, note, load(): Promise<string> (its version or backend, for the report),
 *     rules: { bp?: (setup) => Promise<Session>, np?: ..., "cnn-bp"?: ..., "cnn-np-dfa"?: ... } }
 *   Session = { run(steps): void | Promise<void>  returns when the work is done, not merely queued,
 *               state?(): Promise<{ w, b, fb }>   matrices (n_out, n_in) row major, for the check,
 *               loss?(): Promise<number>          where there is no state to compare: it must fall,
 *               startLoss?(): Promise<number>     or the loss of the first batch, where there is only a forward pass,
 *               check?(steps): Promise<Check>     or its own comparison after those steps,
 *               facts?(): object                  numbers for the report about what has run,
 *               dispose() }
 */

import { judgeCnn, judgeForward } from "../lib/cnn-reference.mjs";
import { unpack } from "../lib/pack.mjs";
import { judge } from "../lib/reference.mjs";
import { adapterText, countDispatches } from "./webgpu.mjs";

/** Windows that a timing may last for the sake of its least number of steps. */
const PATIENCE = 5;

/** Names of files in ../contenders -> their default export. */
const contenders = new Map();
/** "contender/case" -> Session. */
const sessions = new Map();
const cache = new Map();

const find = (contender, id) => sessions.get(`${contender}/${id}`);

async function fetchPacked(url) {
  if (!cache.has(url)) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    cache.set(url, unpack(await response.arrayBuffer()));
  }
  return cache.get(url);
}

/** ms that `steps` steps take. */
async function time(session, steps) {
  const start = performance.now();
  await session.run(steps);
  return performance.now() - start;
}

window.bench = {
  adapter: adapterText,

  /** Matrix products of size cubed by one contender, where it offers that. */
  products: (file, size) => contenders.get(file).products?.(size),

  /** Import one contender: { title, note, version, rules, peak }. */
  async load(file) {
    const { default: contender } = await import(`../contenders/${file}.mjs`);
    const version = await contender.load();
    contenders.set(file, contender);
    const { title, note, flops } = contender;
    return { title, note, version, rules: Object.keys(contender.rules), flops: flops ?? null };
  },

  /** Build a session from the case's common start. */
  async open(file, id) {
    const setup = await fetchPacked(`/setup/${id}`);
    sessions.set(`${file}/${id}`, await contenders.get(file).rules[setup.kind](setup));
  },

  /** The correctness guard: train the reference's steps and compare. */
  async check(file, id, steps) {
    const session = find(file, id);
    const before = await session.loss?.();
    const dispatches = (await countDispatches(() => session.run(steps))) / steps;
    if (session.state) {
      const [setup, reference] = [
        await fetchPacked(`/setup/${id}`),
        await fetchPacked(`/reference/${id}`),
      ];
      return {
        ...(setup.image ? judgeCnn : judge)(setup, reference, await session.state()),
        dispatches,
      };
    }
    if (session.startLoss) {
      const setup = await fetchPacked(`/setup/${id}`);
      return { ...judgeForward(setup, await session.startLoss()), dispatches };
    }
    if (session.check) return { ...(await session.check(steps)), dispatches };
    const loss = await session.loss();
    return { loss, expected: null, before, ok: loss < before, dispatches };
  },

  /**
   * Run for about `ms`, then return how many steps fill `window` ms: `least` at least, unless those
   * would take several windows.
   */
  async warm(file, id, ms, window, least) {
    const session = find(file, id);
    const start = performance.now();
    let steps = 1;
    let took = 0;
    while (performance.now() - start < ms || took < ms / 8) {
      took = await time(session, steps);
      if (took < ms / 8) steps *= 2;
    }
    const inWindow = (steps * window) / took;
    return Math.max(1, Math.round(inWindow), Math.min(least, Math.floor(inWindow * PATIENCE)));
  },

  /** Steps per second over `steps` steps. */
  async measure(file, id, steps) {
    return (1000 * steps) / (await time(find(file, id), steps));
  },

  /** What the session says about itself; null when it says nothing. */
  facts: (file, id) => find(file, id).facts?.() ?? null,

  close(file, id) {
    find(file, id).dispose();
    sessions.delete(`${file}/${id}`);
    cache.clear();
  },
};
