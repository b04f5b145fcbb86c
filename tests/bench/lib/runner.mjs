/**
 * Measuring one case: everyone is opened from the same start, checked, warmed up, and then timed
 * in turns (A B C A B C …), so that a disturbance of the machine hits all of them. Ratios are
 * taken within a round and then the median over rounds. Where one timing takes long (a wide network
 * on a software adapter), that contender takes part in the first rounds only, within a budget.
 */
import { checkSteps, judgedBy } from "./cases.mjs";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Rows of the case's table. `progress(text)` is told what is going on. */
export async function runCase(c, contenders, timing, progress) {
  const { rounds, window, warm, least, budget, check } = timing;
  const entrants = [];
  for (const contender of contenders.filter(({ rules }) => rules.includes(c.kind))) {
    progress(`${contender.title}: check and warm-up`);
    const entrant = { contender, perSecond: [], spent: 0 };
    entrants.push(entrant);
    const judged = judgedBy(c);
    const asks = contender.role !== "peak";
    // One after the other, lest a wide network lies in memory twice.
    if (asks && judged.id !== c.id) {
      await contender.open(judged.id);
      entrant.check = await contender.check(judged.id, checkSteps(judged, check));
      await contender.close(judged.id);
    }
    await contender.open(c.id);
    if (asks && judged.id === c.id)
      entrant.check = await contender.check(c.id, checkSteps(c, check));
    entrant.steps = await contender.warm(c.id, warm, window, least);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [turn] of entrants.entries()) {
      // A different one begins each round, so that nobody always follows the same neighbour.
      const entrant = entrants[(turn + round) % entrants.length];
      const timed = entrant.perSecond.length;
      if (timed > 0 && entrant.spent * (1 + 1 / timed) > budget) continue;
      progress(`round ${round + 1} of ${rounds}: ${entrant.contender.title}`);
      const start = performance.now();
      entrant.perSecond.push(await entrant.contender.measure(c.id, entrant.steps));
      entrant.spent += performance.now() - start;
    }
  }
  for (const entrant of entrants) {
    entrant.facts = await entrant.contender.facts?.(c.id);
    await entrant.contender.close(c.id);
  }
  return rowsOf(c, entrants);
}

function rowsOf(c, entrants) {
  const ours = entrants.find(({ contender }) => contender.role === "ours");
  const peak = entrants.find(({ contender }) => contender.role === "peak");
  const gflops = ({ contender }, stepsPerSecond) =>
    (stepsPerSecond * (contender.flops ?? (contender.role === "forward" ? c.forward : c.flops))) /
    1e9;
  // Rounds in which both took part: the first ones, as many as the one with fewer has.
  const overRounds = (a, b, ratio) =>
    median(a.perSecond.slice(0, b.perSecond.length).map((v, r) => ratio(v, b.perSecond[r])));
  return entrants.map((entrant) => {
    const { contender, perSecond, check, facts } = entrant;
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
        ? overRounds(entrant, peak, (v, w) => gflops(entrant, v) / gflops(peak, w))
        : null,
      ours_over_this:
        ours && !isPeak && contender.role !== "forward" && entrant !== ours
          ? overRounds(ours, entrant, (v, w) => v / w)
          : null,
      rounds: perSecond,
      check: check ?? null,
      facts: facts ?? null,
    };
  });
}
