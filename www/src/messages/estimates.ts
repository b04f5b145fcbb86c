/** Words of the figures about estimates, mistakes and costs, and of the gradient check. */

export const ESTIMATES = {
  title: "What one perturbation tells a unit, and what feedback tells it",
  caption:
    "A mark is one sample; across is the unit’s true gradient, and on the dashed line a value equals it. In the first picture a value is the estimate that the unit makes from its own noise and the change of the loss: mostly noise, but on average (the squares) about right. In the second it is what feedback delivers: far less noise, but right only if the feedback weights are.",
  rule: "Rule",
  layer: "Layer",
  unit: "Unit",
  ofUnits: (n: string) => `of ${n}`,
  layerName: (n: number) => `Layer ${n}`,
  /** A letter and its index. */
  noise: ["c", "h"],
  noiseHelp: "Standard deviation of the noise on every hidden unit’s activity",
  estimate: "Estimate by perturbation",
  delivered: "Delivered by feedback",
  across: "true gradient ∂L/∂h",
  legend: {
    identity: "equal to the truth",
    line: "line of least squares",
    mean: "mean of an eighth of the samples, ± s.e.",
  },
  nothing: "This rule has no feedback: each unit learns from these estimates themselves.",
  exact: "Backpropagation delivers the truth itself.",
  silent: "This unit has no gradient at the moment: nothing that it does changes the loss.",
  waiting: "Waiting for a run…",
  samples: (n: string, step: string) => `${n} samples of the batches after iteration ${step}`,
  anyway: (rule: string) => `${rule} does not perturb; it is perturbed here for comparison.`,
  words: (slope: string, correlation: string) => `Slope ${slope}, correlation ${correlation}.`,
  biasOf: (bias: string, error: string) => `Bias ${bias} ± ${error}.`,
  spreadOf: (times: string) => `A single value strays ${times} times as far as the truth varies.`,
  summary: (rule: string, where: string, left: string, right: string) =>
    `${rule}, ${where}. Estimate by perturbation: ${left} Feedback: ${right}`,
  where: (layer: number, unit: number) => `hidden layer ${layer}, unit ${unit}`,
  table: {
    measure: "Measure",
    samples: "Samples",
    slope: "Slope over the truth (1 is right)",
    correlation: "Correlation with the truth",
    bias: "Bias, mean of the difference",
    biasError: "Its standard error",
    spread: "Standard deviation of the difference",
    truthSpread: "Standard deviation of the truth",
  },
} as const;

export const CONFUSION = {
  title: "What is taken for what",
  caption:
    "Rows: the digit that was shown. Columns: what the network called it. Counted over test digits; the stronger the shade, the more of the row.",
  rule: "Rule",
  shown: "shown",
  called: "called",
  right: "right",
  waiting: "Waiting for a run…",
  digits: (n: string, step: string) => `${n} test digits at iteration ${step}`,
  score: (rule: string, percent: string) => `${rule} names ${percent} right.`,
  worst: (items: string) => `Most often confused: ${items}.`,
  pair: (shown: number, called: number, n: string) => `${shown} called ${called} (${n})`,
  none: "No mistakes.",
  cell: (shown: number, called: number, n: string, all: string) =>
    `${shown} called ${called}: ${n} of ${all}`,
} as const;

export const COST = {
  title: "What a step costs",
  caption:
    "Passes through the network for one update of the weights, the operations they take, and how fast this device does them. Rules take turns on one core; a rule’s speed is its own, as if it were alone.",
  head: {
    rule: "Rule",
    forward: "Forward passes",
    down: "Error passes",
    flops: "Operations a step",
    ratio: "of BP’s",
    speed: "Steps a second",
    time: "Time a step",
    rate: "Arithmetic",
    device: "On",
  },
  first: (rule: string) => `of ${rule}’s`,
  mega: (n: string) => `${n} MFLOP`,
  giga: (n: string) => `${n} GFLOP/s`,
  ms: (n: string) => `${n} ms`,
  devices: { cpu: "processor", gpu: "GPU" },
  notRun: "–",
  parameters: (n: string) => `${n} weights and biases`,
  summary: (parts: string) => `${parts}.`,
  part: (rule: string, flops: string, speed: string) =>
    `${rule} ${flops} a step, ${speed} a second`,
} as const;

export const CHECK = {
  title: "Gradient check",
  lead: "Is the gradient that all rules are compared with right? Some weights of every matrix are moved a little, up and down, and the change of the loss is held against backpropagation’s gradient, both in double precision.",
  run: "Check now",
  busy: (rule: string) => `Checking ${rule}…`,
  none: "There is no run to check yet.",
  failed: (rule: string) => `${rule}: this network is too large for a check here.`,
  done: (worst: string) => `All agree to ${worst}.`,
  apart: (worst: string) => `The largest difference is ${worst}.`,
  head: { rule: "Rule", layer: "Matrix", checked: "Weights", worst: "Largest difference" },
  table: "Backpropagation against differences of the loss",
} as const;
