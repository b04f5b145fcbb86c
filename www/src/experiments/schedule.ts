/** When a run is measured: the command line's schedule, with a pace that suits how long the run is. */

/** Rows are this many times as dense before the tenth row, where curves bend most. */
const DENSER = 10;
/** Rows of a short run, not counting the dense ones at its start. */
const ROWS = 40;
/** Least steps between rows: measuring costs as much as a few steps. */
const LEAST = 50;

/** The row after step `step`, as `credit-lab run` has it. */
export function nextRow(step: number, every: number, steps: number): number {
  const pace = step < DENSER * every ? Math.max(1, Math.floor(every / DENSER)) : every;
  return Math.min((Math.floor(step / pace) + 1) * pace, steps);
}

/** Steps between rows: a run shorter than the paper's still has enough of them to be a curve. */
export function pace(every: number, steps: number): number {
  return Math.min(every, Math.max(LEAST, Math.ceil(steps / ROWS)));
}
