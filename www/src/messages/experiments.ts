/** Everything that this part of the page says. */
import type { AddressProblem } from "../experiments/address";

export const W = {
  title: "The paper’s experiments",
  lede:
    "Open a figure or a table and press Run: its networks train here, several seeds side by side, " +
    "and the curves grow towards the numbers that the paper and its authors’ notebooks give.",
  list: "Experiments",
  curves: (n: number) => `${n} ${n === 1 ? "curve" : "curves"}`,
  run: "Run",
  pause: "Pause",
  resume: "Continue",
  again: "Run again",
  loading: "Loading data…",
  startOver: "Start over",
  seeds: "Seeds",
  seedsHelp: "Runs of each curve, from different first weights",
  steps: "Steps",
  stepsHelp: "Training steps of each run",
  quick: (n: string) => `${n} (quick)`,
  full: (n: string) => `${n} (in full)`,
  own: "other…",
  ownSteps: "Steps of each run",
  needsStart: "These are for the next start; the runs shown go on as they are.",
  estimate: (time: string, side: number) =>
    `Would take about ${time} on this machine, ${side} ${side === 1 ? "run" : "runs"} at a time (measured here).`,
  noEstimate: (runs: string, steps: string) =>
    `${runs} runs of ${steps} steps. How long they take is measured as soon as they run.`,
  progress: "Progress of the experiment",
  status: {
    ready: "Not started.",
    running: (done: string, all: string) => `${done} of ${all} runs done`,
    left: (time: string) => `about ${time} left`,
    measuring: "measuring the time left…",
    paused: "paused",
    finished: (n: string, time: string) => `All ${n} runs done in ${time}.`,
    someStopped: (n: string) => `${n} stopped early, see below.`,
  },
  workers: (n: number) =>
    `${n === 1 ? "One run at a time" : `${n} runs at a time`}, on background threads: the page stays free, and they go on while this tab is hidden, as far as the browser lets them.`,
  local:
    "This browser gives the page no background threads. The runs take turns on the page’s own thread instead and go slower, most of all while this tab is hidden.",
  command: "The same on the command line, natively, with metrics on the whole test set:",
  copy: "Copy",
  copied: "Copied",
  csv: "CSV",
  json: "JSON",
  png: "PNG",
  csvTitle: "Save all rows as CSV",
  jsonTitle: "Save all rows and configurations as JSON",
  pngTitle: "Save the figure as a PNG image",
  nothing: "No measurements yet.",
  arm: "Curve",
  runs: "Runs",
  step: "Step",
  allArms: "all",
  given: "Given:",
  figure: "Figure",
  show: "Curves shown",
  values: "Values",
  valuesAt: (step: string) => `Values at step ${step}`,
  valuesNow: "Values at the last step",
  valuesNote:
    "Mean ± standard error over the seeds that are done; a grey value is that of a run still going. Below it, what the paper or its authors give.",
  valuesOwn:
    "Mean ± standard error over the seeds that are done; a grey value is that of a run still going.",
  bestNote: (metric: string) => ` ${metric}: the lowest of a run, as in the paper’s table.`,
  runsCell: (done: number, all: number) => `${done} of ${all}`,
  runAt: (step: string) => `at ${step}`,
  stopped: (seeds: string, why: string) => `Seed ${seeds}: ${why}`,
  table: {
    ours: "here",
    paper: "paper",
    notebook: "notebook",
    method: "Method",
    last: (v: string) => `last ${v}`,
    n: (n: number) => `${n} ${n === 1 ? "seed" : "seeds"}`,
    noteBest: (steps: string) =>
      `Here: the best row of each run of ${steps} steps, mean ± standard error over its seeds; below it, the same of the last row.`,
    noteFinal: (steps: string) =>
      `Here: the last row of each run of ${steps} steps, mean ± standard error over its seeds.`,
    noteEmpty: "Here: filled in as runs proceed.",
  },
  key: {
    line: "Curves: mean over seeds, band one standard error. Thin lines: runs still going.",
    thin: "Dashed lines and lozenges at the right edge are values at the end of training:",
    paper: "filled ones printed in the paper",
    notebook: "hollow ones in the authors’ notebook",
    approximate: "faint ones read off a plot",
    end: (steps: string) => `They are given for ${steps} steps.`,
    shorter: (steps: string) => `The runs here stop at ${steps}.`,
  },
  compare: {
    source: "Yours",
    title: "Your own comparison",
    meta: "rules × noise × seeds",
    about:
      "The simulator’s settings as an experiment: choose rules, levels of noise for those that perturb, and how many seeds; " +
      "each curve is a mean over seeds with a band of one standard error. A link to this page restores it.",
    arm: (rule: string, c: string) => `${rule}, c_h = ${c}`,
    loss: "Test loss",
    lossAtEnd: "Test loss at the end",
    levels: "Noise levels c_h",
    levelsHelp: (n: number) =>
      `Up to ${n}, such as 1e-4, 1e-3, 1e-2, 1e-1. For rules that perturb (NP, NP-DFA, Plain NP); empty: each rule’s own.`,
    levelBad: (given: string, n: number) =>
      `“${given}” is left out: levels are numbers from 1e-6 to 1, at most ${n} of them.`,
    base: (task: string, widths: string, own: string) =>
      `Settings: ${task}, hidden layers ${widths}${own === "" ? ", all else as in the paper" : `; ${own}`}. Seeds 1, 2, 3 … in place of the simulator’s.`,
    take: "Take the simulator’s present settings",
    waiting: "The choice has changed; the runs below are of the former one.",
    apply: "Use it (the runs below are dropped)",
    command: "The same on the command line, natively, a file of rows for each run:",
  },
  svg: "SVG",
  svgTitle: "Save the figure as an SVG drawing",
  axis: { steps: "steps", log_steps: "steps, logarithmic" },
  data: {
    own: (name: string, train: string, test: string) =>
      `Data: ${name}, ${train} to learn from, ${test} to test on.`,
    paper60:
      "The paper used 60,000 digits: load the four MNIST files in the simulator above to do the same.",
    probe: (n: string, every: string) =>
      `Metrics are measured on ${n} samples of each, every ${every} steps (ten times as often at the start).`,
    synthetic: (name: string) => `Data: ${name}, drawn anew from a fixed key; nothing is loaded.`,
    cifar: (name: string, file: string) =>
      `The paper used ${name}. Get ${file} from https://www.cs.toronto.edu/~kriz/cifar.html and drop it on the simulator above; until then other pictures take its place (digits, unless you have loaded something else).`,
    changed: "Other data has been loaded since; Start over uses it.",
    failed: (why: string) => `The data could not be had: ${why}`,
    samples: "random samples",
  },
  pictures: {
    latent: "The code of two units",
    latentCaption: (n: string) =>
      `Where each of ${n} test digits lands in the two-number code of every method (seed 1), coloured by digit.`,
    samples: "Originals and reconstructions",
    samplesCaption: "Eight test digits and what every method makes of them (seed 1).",
    waiting: "Appears with the first measurement.",
  },
  notice: {
    label: "Messages about experiments",
    lead: "Not everything in the link could be used:",
    preset: (given: string) => `there is no experiment “${given}”; choose one from the list below.`,
    clamped: (key: string, given: string, used: string) =>
      `${key} = “${given}” is out of range; ${used} is used.`,
    invalid: (key: string, given: string) => `${key} = “${given}” makes no sense and is ignored.`,
  },
} as const;

export function problemText({ key, given, used }: AddressProblem): string {
  if (key === "preset") return W.notice.preset(given);
  return used === null
    ? W.notice.invalid(key, given)
    : W.notice.clamped(key, given, used.toLocaleString("en-US"));
}
