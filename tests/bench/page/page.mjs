/**
 * The browser's side of the benchmark: holds one session per contender and times what run.mjs asks
 * for. It knows no library; a contender is a file in ../contenders with this default export:
 *   { name, title, note, load(): Promise<string> (its version or backend, for the report),
 *     rules: { bp?: (setup) => Promise<Session>, np?: ... } }
 *   Session = { run(steps): void | Promise<void>  returns when the work is done, not merely queued,
 *               state?(): Promise<{ w, b, fb }>   matrices (n_out, n_in) row major, for the check,
 *               loss?(): Promise<number>          where there is no state to compare,
 *               dispose() }
 */
import { unpack } from "../lib/pack.mjs";
import { judge } from "../lib/reference.mjs";

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
    sessions.set(`${file}/${id}`, await contenders.get(file).rules[setup.rule](setup));
  },

  /** The correctness guard: train the reference's steps and compare. */
  async check(file, id, steps) {
    const session = find(file, id);
    if (session.state) {
      await session.run(steps);
      const [setup, reference] = [
        await fetchPacked(`/setup/${id}`),
        await fetchPacked(`/reference/${id}`),
      ];
      return judge(setup, reference, await session.state());
    }
    const before = await session.loss();
    await session.run(steps);
    const loss = await session.loss();
    return { loss, expected: null, before, ok: loss < before };
  },

  /** Run for about `ms`, then return how many steps fill `window` ms. */
  async warm(file, id, ms, window) {
    const session = find(file, id);
    const start = performance.now();
    let steps = 1;
    let took = 0;
    while (performance.now() - start < ms || took < ms / 8) {
      took = await time(session, steps);
      if (took < ms / 8) steps *= 2;
    }
    return Math.max(1, Math.round((steps * window) / took));
  },

  /** Steps per second over `steps` steps. */
  async measure(file, id, steps) {
    return (1000 * steps) / (await time(find(file, id), steps));
  },

  close(file, id) {
    find(file, id).dispose();
    sessions.delete(`${file}/${id}`);
  },

  forget: () => cache.clear(),
};
