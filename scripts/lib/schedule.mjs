/** Runs jobs side by side, as far as what they need and what they share permits. */

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {string[]} needs names of jobs that must have ended before; names of none of the jobs are ignored
 * @property {string} [shares] what only one job at a time can use: a folder that cargo locks, apt-get
 * @property {boolean} [alone] nothing else may run beside it: it measures time
 */

/**
 * Starts each job as soon as it may, the first of the list first, and at most `lanes` at a time.
 * @template {Job} T
 * @param {T[]} jobs those that a job needs come before it
 * @param {number} lanes
 * @param {(job: T) => Promise<void>} run must not throw: what a failure means is the caller's business
 */
export async function schedule(jobs, lanes, run) {
  const waiting = [...jobs];
  /** @type {Map<T, Promise<void>>} */
  const running = new Map();
  const may = (/** @type {T} */ job) => {
    const others = [...running.keys()];
    const blocks = (/** @type {T} */ other) =>
      other.alone || job.alone || (job.shares !== undefined && job.shares === other.shares);
    const unfinished = [...waiting, ...others].map(({ name }) => name);
    return !others.some(blocks) && !job.needs.some((need) => unfinished.includes(need));
  };
  while (waiting.length + running.size > 0) {
    const next = running.size < lanes ? waiting.find(may) : undefined;
    if (next !== undefined) {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(
        next,
        run(next).finally(() => running.delete(next)),
      );
    } else if (running.size > 0) {
      await Promise.race(running.values());
    } else {
      throw new Error(`these wait for each other: ${waiting.map(({ name }) => name).join(", ")}`);
    }
  }
}
