/** Words of the heat maps of W, B and their difference. */

/** "W⁴" or, for the way through several layers, "W⁴W³W²". */
export const MATRICES = {
  title: "Forward and feedback weights, side by side",
  caption:
    "Each cell is one weight. If B learns to stand in for W, the second picture turns into the first and the third one fades. It need not: feedback unlike W can still point downhill.",
  rule: "Rule",
  layer: "Weights",
  third: "Third picture",
  difference: "B − W",
  signs: "Equal signs",
  differenceOf: (w: string, b: string) => `${b} − ${w}`,
  forward: "forward",
  feedback: "feedback",
  missing: "what is missing",
  sameSign: "same sign",
  otherSign: "opposite sign",
  scale: "One scale for all three; stronger weights are drawn at its ends.",
  scaleOne: "Stronger weights are drawn at the ends of the scale.",
  hint: "Point at a cell, or use the arrow keys, to read it.",
  /** What rows and columns are. */
  axes: {
    plain: (rows: string, cols: string) => `A row is a unit of ${rows}, a column one of ${cols}.`,
    pictures: (n: string) =>
      `A tile is one of the ${n} units below: its weights to all pixels, as the picture that it adds to the output.`,
    thinned: (every: number, rows: string, cols: string) =>
      `There are ${rows} × ${cols} weights: every ${ordinal(every)} row and column is drawn.`,
  },
  layerOf: {
    hidden: (n: number) => `hidden layer ${n}`,
    output: "the output",
  },
  units: (from: string, to: string, all: string) => `Units ${from} to ${to} of ${all}`,
  previous: "Previous units",
  next: "Next units",
  waiting: "Waiting for the weights…",
  same: "Backpropagation sends the error down through W itself: here B is W, and nothing is missing.",
  none: "This rule sends nothing down: every unit learns from its own noise, and there is no B.",
  direct: (product: string) =>
    `This feedback jumps from the output straight to the layer, so it is compared with ${product}, the way that a signal takes up from there.`,
  directTop:
    "This feedback comes straight from the output, which for the last layer is the usual way.",
  directLarge:
    "This feedback jumps from the output straight to the layer. The weights on the way up are too many to be multiplied here every second, so B is shown alone.",
  distance: (rule: string, distance: string, signs: string) =>
    `${rule}: ‖B − W‖ ⁄ ‖W‖ = ${distance}, and ${signs} of the signs agree.`,
  summary: (rule: string, names: string, shape: string, distance: string, signs: string) =>
    `${names} of ${rule}, ${shape} weights. Relative distance of B from W ${distance}; equal signs ${signs}.`,
  summaryOne: (rule: string, name: string, shape: string) =>
    `${name} of ${rule}, ${shape} weights.`,
  cell: (from: string, to: string) => `From ${from} to ${to}`,
  unit: (n: number, layer: string) => `unit ${n} of ${layer}`,
  output: (n: number) => `output ${n}`,
  pixel: (row: number, col: number) => `the pixel in row ${row}, column ${col}`,
  values: (w: string, b: string, difference: string, agree: boolean) =>
    `W ${w}, B ${b}, B − W ${difference}: signs ${agree ? "agree" : "differ"}.`,
  one: (name: string, value: string) => `${name} ${value}.`,
  table: {
    measure: "Measure",
    rms: "Root mean square",
    smallest: "Smallest",
    largest: "Largest",
    distance: "Distance from W, of its length",
    signs: "Signs equal to W’s",
    correlation: "Correlation with W",
  },
} as const;

function ordinal(n: number): string {
  const words = ["", "", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
  return words[n] ?? `${n}th`;
}
