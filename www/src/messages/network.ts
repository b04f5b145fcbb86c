/** What the network diagram says. Numbers are formatted where they are used. */
import type { PhaseId } from "../charts/network/phases";

interface PhaseText {
  readonly short: string;
  readonly title: string;
  readonly text: string;
}

const CLEAN: PhaseText = {
  short: "Clean pass",
  title: "A clean pass",
  text: "The digit goes in. Layer by layer, each unit sums what comes through its wires W and passes it on.",
};

const FEEDBACK: Readonly<Record<string, string>> = {
  bp: "The error runs down through the very same wires W that carried activity up, in the wrong direction. It is exact, and no neuron is known to do it.",
  fa: "The error runs down through wires B of their own. They were drawn at random and never change. Each disc: delivered left, truth right.",
  dfa: "The output’s error goes to every hidden layer directly, through random wires B that never change.",
  np: "The error runs down through wires B of their own. What they deliver is learned from the verdicts; compare: delivered is each disc’s left half, truth its right.",
  "np-dfa":
    "The output’s error goes to every hidden layer directly, through learned wires B. Compare: delivered is each disc’s left half, truth its right.",
  sg: "The error runs down through wires B of their own, which are fitted to the true gradient.",
  "sg-dfa":
    "The output’s error goes to every hidden layer directly, through wires B that are fitted to the true gradient.",
  sign: "The error runs down through wires B that have W’s signs, but random sizes.",
  matched: "The error runs down through wires B, which change exactly as W does.",
  mirror: "The error runs down through wires B, which have been copied from W’s echo.",
};

const UPDATE: Readonly<Record<string, string>> = {
  np: "First B moves, so that next time it delivers more nearly the verdict; then W moves downhill with the error that B delivered.",
  "np-dfa":
    "First B moves, so that next time it delivers more nearly the verdict; then W moves downhill with the error that B delivered.",
  sg: "First B moves, so that it delivers more nearly the true gradient; then W moves downhill.",
  "sg-dfa":
    "First B moves, so that it delivers more nearly the true gradient; then W moves downhill.",
  bp: "W moves downhill. There is nothing else to learn: feedback used W itself.",
  fa: "W moves downhill with the error that B delivered. B stays; over time W turns towards it.",
  dfa: "W moves downhill with the error that B delivered. B stays; over time W turns towards it.",
  matched:
    "B and W move by the same amount and forget a little, so that in the end they are equal.",
  sign: "W moves downhill. Where a weight changes its sign, its partner in B does too.",
  mirror: "W moves downhill with the error that B delivered.",
  perturb:
    "W moves along the verdicts themselves. They are right on average, but each is mostly noise.",
};

export const NETWORK = {
  title: "One training step",
  caption:
    "The step that comes next, with its own numbers. Of large layers some units are drawn, of many connections the strongest.",
  rules: "Rule",
  waiting: "The network appears when the digits are here.",
  live: "Live",
  liveTitle: "Follow the run: show its newest step as it trains",
  play: "Play the step",
  pause: "Pause",
  playTitle: "Walk through this step, phase by phase",
  pauseTitle: "Hold the picture here",
  previous: "Previous phase",
  next: "Next phase",
  scrub: "Moment within the step",
  take: {
    label: "Do this step with",
    all: "all weights",
    forward: "only W",
    feedback: "only B",
    allTitle: "One training step, as the rule does it",
    forwardTitle: "One step in which W learns and B is held",
    noneTitle: "None of the chosen rules learns B",
    feedbackTitle: "One step in which B learns and W is held, as in a warm-up",
  },
  digit: "Another digit",
  digitTitle: "Show another digit of the same batch",
  phaseOf: (i: number, n: number) => `Phase ${i} of ${n}`,
  scrubText: (i: number, n: number, title: string, percent: string) =>
    `Phase ${i} of ${n}, ${title.toLowerCase()}, ${percent} %`,
  liveText: "The whole step",
  step: (step: string, sample: number, batch: number) =>
    `Step ${step}, digit ${sample} of ${batch}`,
  held: (n: string, one: boolean) => `The run is ${n} ${one ? "step" : "steps"} further.`,
  refresh: "Show the newest step",
  overview: {
    title: "Up through W, down through B",
    titleBp: "Up through W, down through W",
    titlePerturb: "Up through W, and no way down",
    text: (learned: string) =>
      `Activity runs up through the forward weights W. The error comes back down through separate wires B${learned}. Play the step, or pull the slider, to take it apart.`,
    learned: ", which this rule learns",
    fixed: "",
    bp: "Activity runs up through the forward weights W, and the error comes back down through the same weights. Play the step, or pull the slider, to take it apart.",
    perturb:
      "Activity runs up through the forward weights W. Nothing but the change of the loss comes back, to all units alike. Play the step, or pull the slider, to take it apart.",
  },
  phases: {
    clean: () => CLEAN,
    noisy: () => ({
      short: "Noisy pass",
      title: "A noisy pass",
      text: "The same digit again, but every hidden unit adds a little noise of its own. The sparks show it: their size is how much, their sign which way.",
    }),
    loss: (perturbs: boolean) =>
      perturbs
        ? {
            short: "Loss change",
            title: "Better or worse?",
            text: "The noise has changed the output a little, and so the loss. This one number is all that the units are told.",
          }
        : {
            short: "Loss",
            title: "How wrong?",
            text: "The output is compared with what it should have been: that is the loss, and at every output unit, the error.",
          },
    correlate: () => ({
      short: "Correlate",
      title: "A verdict for every unit",
      text: "Loss rose and the unit was pushed up: pushing it up was probably bad. The change of the loss times the unit’s own noise estimates its gradient. Each disc: verdict left, truth right. A single verdict is nearly all noise.",
    }),
    feedback: (rule: string) => ({
      short: "Feedback",
      title: "The error comes down",
      text: FEEDBACK[rule] ?? FEEDBACK.fa ?? "",
    }),
    mirror: () => ({
      short: "Mirror",
      title: "An echo of W",
      text: "Each layer sends pure noise up through W and correlates it with what comes out above. The correlation is W, and B moves towards it. This noise is apart from the step’s numbers, so the diagram only hints at it.",
    }),
    update: (rule: string) => ({
      short: "Update",
      title: rule === "bp" || rule === "perturb" ? "Weights move" : "Wires move",
      text: UPDATE[rule] ?? UPDATE.fa ?? "",
    }),
  } satisfies Record<PhaseId, (...given: never[]) => PhaseText>,
  waitsW: "W waits: the warm-up lets B learn first.",
  /** Names of rows in the panel; the symbols are the paper's. */
  rows: {
    h: "activity",
    noisy: "with noise",
    xi: "its noise",
    pushed: "pushed by",
    lambdaHat: "verdict",
    lambda: "delivered",
    truth: "truth",
    e: "error",
    loss: "loss",
    lossNoisy: "with noise",
    difference: "change",
    batchLoss: "mean of the batch",
    angleHat: "verdicts to truth, this layer",
    angleDelivered: "delivered to truth, this layer",
    largestB: "biggest move",
    largestW: "biggest move",
    same: "the same as W",
    scale: "size of the noise",
    batchDifference: "change, whole batch",
    gradientW: "biggest gradient",
    from: (what: string) => `from ${what}`,
  },
  unit: (layer: string, unit: string) => `Unit ${unit} of ${layer}`,
  thisDigit: "This digit",
  outputUnit: (digit: string) => `Output for “${digit}”`,
  field: {
    receptive: "Its weights from the pixels",
    projective: "Its weights to the pixels",
    receptiveName: (unit: string) => `Receptive field of unit ${unit}`,
    projectiveName: (unit: string) => `Projective field of unit ${unit}`,
  },
  wire: (above: string, below: string) => `From ${below} to ${above}`,
  wireBack: (above: string, below: string) => `From ${above} back to ${below}`,
  wireValues: {
    agree: "signs agree",
    differ: "signs differ",
    direct: "direct: it has no partner in W",
  },
  pixel: (row: number, col: number) => `pixel ${row}, ${col}`,
  unitName: (layer: string, unit: string) => `unit ${unit} of ${layer}`,
  hint: "Point at a unit or a wire, or use the arrow keys, to inspect it.",
  wireKeys: "Enter: its wires, one after the other.",
  more: (n: string) => `+ ${n} more`,
  sizes: {
    pixels: (n: string) => `${n} pixels`,
    units: (n: string, act: string) => `${n} ${act}`,
  },
  boxes: {
    input: "input",
    noisyInput: "noisy input",
    output: "output",
    target: "target",
    change: "change by noise",
    error: "error",
  },
  legend: {
    label: "Key",
    up: "activity +, −",
    noise: "noise ±",
    error: "error",
    w: "W, up",
    b: "B, down",
    bp: "W again, down",
  },
  image:
    "Network diagram. Arrow keys move from unit to unit; Page up and Page down move from phase to phase.",
  /** Between the steps of the article and the diagram. */
  links: {
    show: "Show it in the diagram",
    showName: (title: string) => `Show it in the diagram: ${title.toLowerCase()}`,
    none: "No rule of the present run does this.",
    told: "Read about it in the text below",
  },
  summary: (step: string, phase: string, parts: string) => `Step ${step}, ${phase}. ${parts}`,
  table: {
    quantity: "Quantity",
    value: "Value",
    unit: "Unit",
  },
} as const;
