/**
 * Measuring one case: everyone is opened from the same start, checked, warmed up, and then timed
 * in turns (A B C A B C …), so that a disturbance of the machine hits all of them. Ratios are
 * taken within a round and then the median over rounds.
 */
import { checkSteps } from "./cases.mjs";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Rows of the case's table. `progress(text)` is told what is going on. */
export async function runCase(c, contenders, { rounds, window, warm }, progress) {
  const entrants = [];
  for (const contender of contenders.filter(({ rules }) => rules.includes(c.rule))) {
    progress(`${contender.title}: check and warm-up`);
    const entrant = { contender, perSecond: [] };
    entrants.push(entrant);
    await contender.open(c.id);
    if (contender.role !== "peak") entrant.check = await contender.check(c.id, checkSteps(c));
    entrant.steps = await contender.warm(c.id, warm, window);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [turn] of entrants.entries()) {
      // A different one begins each round, so that nobody always follows the same neighbour.
      const entrant = entrants[(turn + round) % entrants.length];
      progress(`round ${round + 1} of ${rounds}: ${entrant.contender.title}`);
      entrant.perSecond.push(await entrant.contender.measure(c.id, entrant.steps));
    }
  }
  for (const { contender } of entrants) await contender.close(c.id);
  return rowsOf(c, entrants);
}

function rowsOf(c, entrants) {
  const ours = entrants.find(({ contender }) => contender.role === "ours");
  const peak = entrants.find(({ contender }) => contender.role === "peak");
  const gflops = ({ contender }, stepsPerSecond) =>
    (stepsPerSecond * (contender.flops ?? c.flops)) / 1e9;
  const overRounds = (f) => median(entrants[0].perSecond.map((_, r) => f(r)));
  return entrants.map((entrant) => {
    const { contender, perSecond, check } = entrant;
    const isPeak = contender.role === "peak";
    return {
      id: contender.id,
      title: contender.title,
      role: contender.role,
      steps_per_second: isPeak ? null : median(perSecond),
      slowest: isPeak ? null : Math.min(...perSecond),
      fastest: isPeak ? null : Math.max(...perSecond),
      gflops: gflops(entrant, median(perSecond)),
      share_of_peak: peak
        ? overRounds((r) => gflops(entrant, perSecond[r]) / gflops(peak, peak.perSecond[r]))
        : null,
      ours_over_this:
        ours && !isPeak && entrant !== ours
          ? overRounds((r) => ours.perSecond[r] / perSecond[r])
          : null,
      rounds: perSecond,
      check: check ?? null,
    };
  });
}
