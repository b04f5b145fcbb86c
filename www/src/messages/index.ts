/**
 * Every sentence the instrument shows, in one place, ready for translation.
 * Errors say what happened, what was kept, and one thing to do. Numbers are formatted by format.ts.
 * The article below the instrument is prose and lives in index.html.
 */
import type { SettingKey } from "../config";
import type { UrlProblem } from "../config-url";
import type { Activation, FileRole, HyperKey, Task } from "../engine/protocol";

interface SettingText {
  readonly label: string;
  readonly help: string;
  readonly options?: Readonly<Record<string, string>>;
}

export const SETTING_TEXT: Readonly<Record<SettingKey, SettingText>> = {
  task: {
    label: "Task",
    help: "What the network has to do with each digit.",
    options: { autoencoder: "Autoencoder", classifier: "Classifier" },
  },
  rules: {
    label: "Learning rules",
    help: "All rules start from the same weights and see the same batches.",
  },
  seed: {
    label: "Seed",
    help: "Fixes the first weights, the order of the digits and all noise. On the processor, the same seed repeats the run exactly.",
  },
  hidden: {
    label: "Hidden layers",
    help: "Widths from input to output, for example 200, 2, 200.",
  },
  init: {
    label: "First weights",
    help: "How W and B are drawn. The authors’ code uses either, depending on the network.",
    options: { gaussian: "Gaussian", truncated_normal: "Truncated normal" },
  },
  initSeed: {
    label: "Seed of first weights",
    help: "So that runs of several seeds start from one draw of W and B, as some of the authors’ do. 0 takes the run’s own seed.",
  },
  batch: { label: "Batch", help: "Digits in one iteration. The paper uses 32." },
  optimizer: {
    label: "Optimiser",
    help: "How W follows its error signal. The paper’s figures 2 and 3 use plain gradient descent, its table 1 and the row “ADAM” use Adam. Matched updates always use plain gradient descent.",
    options: { sgd: "Gradient descent", adam: "Adam" },
  },
  feedback: {
    label: "Feedback weights",
    help: "How B is fitted to the estimates: a gradient step per batch, or the exact ridge solution.",
    options: { sgd: "Gradient step", ridge: "Online ridge" },
  },
  difference: {
    label: "Loss difference",
    help: "Noise is correlated with the change of each digit’s own loss, or with the batch total as in some of the authors’ code.",
    options: { per_sample: "Per digit", per_batch: "Per batch" },
  },
  noise: {
    label: "Added noise",
    help: "Noise during training: on hidden activity, or on the inputs (a denoising autoencoder). “On activity” does not apply to rules that perturb activity anyway (NP, NP-DFA, Plain NP).",
    options: { none: "None", activations: "On activity", inputs: "On inputs" },
  },
  warmup: {
    label: "Warm-up",
    help: "Iterations in which only B learns while W waits. The paper’s classifier uses 1,000 for node perturbation.",
  },
  freeze: {
    label: "Hold W still",
    help: "Only the feedback weights learn, as in the paper’s figure 4.",
  },
  compute: {
    label: "Compute",
    help: "Where the networks are trained. “Automatic” times a step on both and takes the quicker. A run can move at any time; a GPU rounds a little differently.",
    options: { auto: "Automatic", cpu: "Processor", gpu: "GPU" },
  },
  interval: { label: "Measure every", help: "Iterations between two points on the charts." },
  evaluate: {
    label: "Losses and errors of",
    help: "Measured on clean passes, or on passes with the noise of training as in the authors’ code: their test error of 15.9 % at c = 0.1 is one. Rules without noise measure the same either way.",
    options: { clean: "Clean passes", noisy: "Noisy passes" },
  },
  probe: {
    label: "Measure on",
    help: "Training digits and test digits used for each measurement.",
  },
  stop: { label: "Stop after", help: "Iteration at which the run ends. 0 means never." },
  target: {
    label: "Stop at loss",
    help: "The run pauses when a rule’s test loss, per batch of 32, falls to this. Continue goes on to the next rule. 0 means never.",
  },
  budget: {
    label: "Speed",
    help: "Computing time in each animation frame. About 9 ms keeps the page at 60 frames a second.",
  },
  lossUnit: {
    label: "Unit",
    help: "The paper reports the loss of a batch of 32 digits.",
    options: { batch: "per batch of 32", image: "per digit", pixel: "per pixel" },
  },
  logLoss: { label: "log", help: "Logarithmic loss axis." },
  logError: { label: "log", help: "Logarithmic error axis." },
  logWrong: { label: "log", help: "Logarithmic axis of the test error." },
  logAngle: { label: "log", help: "Logarithmic axis of angles." },
  logSign: { label: "log", help: "Logarithmic axis of signs." },
  logX: { label: "log iterations", help: "Iterations on a logarithmic axis, in all curves." },
  smooth: {
    label: "Smoothing",
    help: "Moving average of all curves over so many measurements; the raw curve stays faintly behind.",
    options: { "0": "none", "5": "5 points", "15": "15 points", "50": "50 points" },
  },
  layer: {
    label: "Layer",
    help: "Which feedback weights to show.",
    options: { "0": "all layers" },
  },
  netRule: { label: "Rule", help: "Whose step the network diagram shows." },
  tableRule: { label: "Rule", help: "Whose answers the table counts." },
  mapRule: { label: "Rule", help: "Whose weights the maps show." },
  mapLayer: { label: "Weights", help: "Which layer’s weights the maps show." },
  estimateRule: { label: "Rule", help: "Whose estimates are shown." },
  estimateLayer: { label: "Layer", help: "In which hidden layer the unit is." },
  estimateUnit: { label: "Unit", help: "Whose gradient is estimated." },
};

/** Names of rates that come with a setting; a rule's own rates bring theirs from the core. */
export const HYPER_TEXT: Readonly<Partial<Record<HyperKey, { label: string; help: string }>>> = {
  c_h: {
    label: "c_h",
    help: "Standard deviation of the noise on hidden activity during training.",
  },
  gamma: {
    label: "γ",
    help: "Ridge: how strongly the regression pulls B towards zero. A change needs a new run.",
  },
  input_noise: {
    label: "σ_in",
    help: "Standard deviation of the noise on the inputs; the target stays clean.",
  },
};

/** "two numbers": the width of the narrow layer in running text. */
function numbers(narrow: number): string {
  const words = ["no", "one", "two"];
  return `${words[narrow] ?? narrow} ${narrow === 1 ? "number" : "numbers"}`;
}

export const LEDE: Readonly<Record<Task, (widths: string, narrow: number) => string>> = {
  autoencoder: (widths, narrow) =>
    `The network below (${widths} units) squeezes handwritten digits through ${numbers(narrow)} and draws them again. ` +
    "Backpropagation would send the error back through the very weights that carried the signal forward, " +
    "which no neuron is known to do; node perturbation instead jitters the hidden units, " +
    "sees whether the loss rises or falls, and trains separate feedback weights to predict how much each unit matters to the loss.",
  classifier: (widths) =>
    `The network below (${widths} units) learns to name handwritten digits. ` +
    "Backpropagation would send the error back through the very weights that carried the signal forward, " +
    "which no neuron is known to do; node perturbation instead jitters the hidden units, " +
    "sees whether the loss rises or falls, and trains separate feedback weights to predict how much each unit matters to the loss.",
};

export const ACTIVATION_NAME: Readonly<Record<Activation, string>> = {
  identity: "linear",
  sigmoid: "sigmoid",
  tanh: "tanh",
  relu: "ReLU",
  softmax: "softmax",
};

const ROLE: Readonly<Record<FileRole, string>> = {
  "train-images": "training images",
  "train-labels": "training labels",
  "test-images": "test images",
  "test-labels": "test labels",
  "train-batch": "training images",
  "test-batch": "test images",
  "train-table": "training images and labels",
  "test-table": "test images and labels",
  archive: "archive",
};

export function roleName(role: string): string {
  return ROLE[role as FileRole] ?? role;
}

export const M = {
  instrument: "Simulator",
  transport: {
    label: "Run controls",
    run: "Run",
    pause: "Pause",
    resume: "Continue",
    step: "1 step",
    stepTitle: "One iteration (key: full stop)",
    thousand: "1,000 steps",
    thousandTitle: "A thousand iterations, then pause",
    reset: "Reset",
    resetTitle: "Back to iteration 0: same seed, same run (Shift + R)",
    runTitle: "Run or pause (Space)",
    waiting: "Starts when the digits are here…",
  },
  status: {
    label: "Progress of the run",
    iteration: "Iteration",
    speed: "Iterations / s",
    time: "Time",
    eta: "Time left",
    none: "–",
    ready: "Ready.",
    hidden: "Paused while this tab is hidden; goes on when you come back.",
    finished: (iteration: string) => `Finished at iteration ${iteration}.`,
    catchingUp: (rules: string, from: string, to: string) =>
      `${rules} is catching up: ${from} of ${to}.`,
    live: (iteration: string, parts: string) => `Iteration ${iteration}. ${parts}`,
    liveRunning: "Training.",
    livePaused: (iteration: string) => `Paused at iteration ${iteration}.`,
  },
  standing: {
    label: "Test loss of each rule",
    name: "Test loss",
    go: "Go to the curves",
  },
  speed: {
    label: "Speed",
    max: "max",
    value: (ms: string) => `${ms} ms a frame`,
    maxValue: "as fast as possible",
  },
  controls: {
    label: "Settings",
    show: "Settings",
    rates: "Rates",
    ratesHelp: "Changes apply at once, without a reset.",
    ratesHelpRidge: "Changes apply at once, without a reset; only γ needs a new run.",
    newSeed: "New seed",
    more: "More settings",
    network: "Network",
    learning: "Learning",
    run: "Measuring and stopping",
    defaults: "Restore defaults",
    fieldRange: (min: string, max: string) => `from ${min} to ${max}`,
    fieldBad: (given: string, min: string, max: string) =>
      `“${given}” is not a number from ${min} to ${max}.`,
    fieldClamped: (used: string, min: string, max: string) =>
      `Set to ${used}: allowed are ${min} to ${max}.`,
    widthsBad: (given: string, layers: number, max: number) =>
      `“${given}” is not a list of 1 to ${layers} widths between 1 and ${max}, such as 200, 2, 200.`,
    oneRule: "At least one rule has to stay.",
    defaultRate: (value: string) => `Default ${value}`,
  },
  pending: {
    ridge: "γ of the online ridge",
    text: (what: string) => `Changed: ${what}. This needs a new run.`,
    apply: "Start over with it",
    undo: "Keep the present run",
  },
  data: {
    label: "Images",
    loading: (done: string, total: string) => `Loading digits: ${done} of ${total}`,
    loadingUnknown: (done: string) => `Loading digits: ${done}`,
    counts: (name: string, train: string, test: string) =>
      `${name}: ${train} to learn from, ${test} to test on.`,
    embedded: "MNIST sample",
    early: (n: string) =>
      `Training has begun with the first ${n} digits; the others are on their way.`,
    whole: (all: string, n: string) =>
      `All ${all} digits are here. This run goes on with the first ${n}; the next one has all.`,
    again: "Start over with all",
    choose: "Use other images…",
    hint: "Pick or drop anywhere on the simulator: the four IDX files of MNIST (or Fashion-MNIST), plain or .gz; two CSV tables with train and test in their names, a label and the pixels (0 to 255) in each row; or CIFAR-10 or CIFAR-100, binary version: cifar-10-binary.tar.gz (162 MB) as it is, or test_batch.bin and any of data_batch_1.bin to data_batch_5.bin. CIFAR is at ",
    cifarPage: "https://www.cs.toronto.edu/~kriz/cifar.html",
    reading: (file: string, percent: string) => `Reading ${file}: ${percent}`,
    readingUnknown: (file: string, done: string) => `Reading ${file}: ${done}`,
    forget: "Forget the files so far",
    forgotten: "Forgotten. Drop the files of one data set.",
    missing: (roles: string) => `Still missing: ${roles}. Drop the rest to go on.`,
    loaded: (train: string, test: string) =>
      `Loaded ${train} training and ${test} test images. The run starts over with them.`,
    bad: (file: string, why: string) =>
      `${file} could not be used: ${why} The images loaded before are still in place.`,
    badSet: (why: string) =>
      `These files do not make a data set: ${why} The images loaded before are still in place.`,
    failed: (why: string) => `The digits could not be loaded: ${why}`,
    retry: "Try again",
    drop: "Drop MNIST or CIFAR files or a saved run",
    cancelled: "Loading was cancelled. The images loaded before are still in place.",
    cancel: "Cancel",
    remoteAsk: (host: string) =>
      `This link asks to load its images from ${host}. Your browser will contact that host if you agree.`,
    remoteLoad: (host: string) => `Load from ${host}`,
    remoteIgnore: "Stay with the built-in digits",
    remoteBad: (given: string) =>
      `The link’s data address “${given}” must be https, or on this site; the built-in digits are used.`,
    remoteFailed: (file: string, host: string, why: string) =>
      `${file} could not be loaded from ${host}: ${why} The images loaded before are still in place.`,
    tooBig: "the file is larger than 512 MB.",
  },
  device: {
    processor: (simd: boolean) => (simd ? "Processor (SIMD)" : "Processor (no SIMD)"),
    gpu: (name: string) => `GPU (${name})`,
    software: (name: string) => `${name}, a software adapter`,
    line: (path: string, why: string) => `${path}: ${why}`,
    /** Rules on both sides: "GPU (X) for NP, BP; processor (SIMD) for FA: out of memory". */
    split: (gpu: string, there: string, here: string, why: string) =>
      `${gpu} for ${there}; processor (SIMD) for ${here}${why === "" ? "" : `: ${why}`}`,
    moving: { cpu: "Moving to the processor…", gpu: (gpu: string) => `Moving to the ${gpu}…` },
    waiting: "to begin with",
    noWebgpu: "no WebGPU in this browser",
    insecure: "browsers offer WebGPU on secure (https) pages only",
    looking: "looking for a GPU…",
    measuring: (gpu: string) => `timing the ${gpu}…`,
    /** On the processor, then on the GPU. */
    slower: (cpu: string, gpu: string, gpuMs: string) =>
      `measured ${cpu} ms a step, ${gpu} ${gpuMs} ms`,
    faster: (gpu: string, cpu: string) => `measured ${gpu} ms a step, processor ${cpu} ms`,
    chosen: "chosen by you",
    busy: "Preparing the GPU",
  },
  runFile: {
    label: "Save and share",
    save: "Save run",
    load: "Load run…",
    csv: "CSV",
    json: "JSON",
    npz: "NPZ",
    npzTitle: "For notebooks: measurements, weights and settings as NumPy arrays",
    notExported: (why: string) =>
      `The NPZ file could not be made: ${why} The run goes on as before.`,
    notFetched: "a part of the page could not be loaded. Try again when the network is back.",
    otherCore: "the state of the run could not be read.",
    link: "Copy link",
    linkCopied: "The link is copied. It restores these settings and the seed.",
    linkManual: "Copy this link:",
    saved: (size: string, exactly: boolean) =>
      `Saved ${size}. Load the file to go on from here${exactly ? ", bit for bit" : ""}.`,
    notSaved: (why: string) => `The run could not be saved: ${why} It goes on as before.`,
    loaded: (iteration: string, rules: string) =>
      `Loaded the run at iteration ${iteration} (${rules}). Press Run to go on.`,
    bad: (why: string) => `The run could not be loaded: ${why} Nothing was changed.`,
    commandLine:
      "the file comes from the command-line program and can be continued there with --resume.",
    notRun: "the file is not a saved run of Credit Lab.",
    version: (found: string) =>
      `the file has format ${found}, this page reads format 1. Use the version that saved it.`,
    truncated: (expected: string, found: string) =>
      `the file should have ${expected} bytes and has ${found}: it is incomplete.`,
    checksum: "the file is damaged (its checksum does not match).",
    header: "the description inside the file is not valid.",
    otherData: (wanted: string, have: string) =>
      `it was made with other digits (${wanted}); loaded are ${have}. Load those digits first.`,
    nothing: "There is no run to save yet.",
  },
  lane: {
    diverged: (rule: string, why: string, others: boolean) =>
      `${rule} was stopped: ${why}${others ? " The other rules go on." : ""}`,
    refused: (rule: string, why: string) => `${rule} cannot run with these settings: ${why}`,
    failed: (rule: string, why: string) => `${rule} stopped: ${why}`,
    lower: (name: string, rate: string) => `Restart it with ${name} = ${rate}`,
    remove: "Remove it",
    reset: "Reset all",
  },
  core: {
    loading: "Loading the simulator…",
    loaded: (done: string, total: string | null) => (total === null ? done : `${done} of ${total}`),
    "no-wasm":
      "This browser has no WebAssembly, which the simulator needs. Any current browser has it; if yours is current, a policy may have switched it off.",
    scalar:
      "This browser’s WebAssembly lacks SIMD instructions: the numbers are the same, but training is several times slower. Chrome and Edge from 91, Firefox from 89 and Safari from 16.4 have them.",
    load: (why: string) => `The simulator could not be loaded: ${why}`,
    retry: "Reload the page",
  },
  url: {
    lead: "Not everything in the link could be used:",
    problem: (p: UrlProblem): string => {
      switch (p.kind) {
        case "too-long":
          return "the link is too long and was ignored.";
        case "version":
          return `it was made for version ${p.given} of this page; this is version 1.`;
        case "unknown":
          return `“${p.key}” is not a setting and was ignored.`;
        case "repeated":
          return `“${p.key}” is given twice; the first counts.`;
        case "invalid":
          return `${p.key} = “${p.given}” makes no sense; ${p.used} is used.`;
        case "clamped":
          return `${p.key} = “${p.given}” is out of range; ${p.used} is used.`;
      }
    },
    more: (n: number) => `and ${n} more.`,
  },
  notice: { label: "Messages", dismiss: "Dismiss" },
  figure: {
    table: "Data table",
    png: "PNG",
    pngTitle: (title: string) => `Save “${title}” as a PNG image`,
    dataTitle: (title: string) => `${title}: values`,
    empty: "No measurements yet.",
    iteration: "Iteration",
    rule: "Rule",
    options: "Display",
    waiting: "Waiting for digits…",
  },
  figures: { alignment: "Does the feedback point the right way?" },
  loss: {
    title: "Loss",
    caption:
      "How wrong the network is on digits it trains on and on digits it has never seen. Lower is better.",
    train: "train",
    test: "test",
    unit: {
      batch: "loss per batch of 32",
      image: "loss per digit",
      pixel: "squared error per pixel",
    },
    summary: (parts: string) => `Test loss: ${parts}.`,
  },
  error: {
    title: "Test error",
    caption: "Share of test digits given the wrong name. Guessing would give 90 %.",
    summary: (parts: string) => `Wrong test digits: ${parts}.`,
    axis: "% wrong",
  },
  angle: {
    title: "Angle to the true gradient",
    caption:
      "Between the error that B delivers and the one backpropagation would. Below the dotted line, 90°, learning goes downhill.",
    summary: (parts: string) => `Angle to the true gradient: ${parts}.`,
    axis: "degrees",
  },
  relative: {
    title: "Distance of B from W",
    caption: "‖W − B‖ ⁄ ‖W‖: zero if the feedback weights were a perfect copy.",
    summary: (parts: string) => `Relative distance of B from W: ${parts}.`,
    axis: "relative error",
  },
  sign: {
    title: "Agreement of signs",
    caption:
      "Share of weights in B with the same sign as their partner in W. The dotted line, 50 %, is chance.",
    summary: (parts: string) => `Signs shared by B and W: ${parts}.`,
    axis: "% equal signs",
  },
  images: {
    title: "Originals and reconstructions",
    caption: (narrow: number) =>
      `Ten test digits, and what each rule’s network draws after squeezing them through ${numbers(narrow)}.`,
    original: "Original",
    other: "Other digits",
    hint: "Point at a digit, or use the arrow keys, to compare.",
    readout: (label: number, parts: string) => `A ${label}. Loss: ${parts}`,
    summary: (parts: string) => `Mean loss of the ten digits: ${parts}.`,
    column: (i: number, label: number) => `Digit ${i + 1}, a ${label}`,
    lossPerDigit: "Loss per digit",
  },
  latent: {
    title: "The narrow layer",
    caption: (n: string, narrow: number) =>
      `Where each of ${n} test digits lands in the narrow layer of ${numbers(narrow)}${narrow > 2 ? ", of which the first two are drawn" : ""}: each rule finds its own map. ` +
      `Well-separated digits can be told apart from ${numbers(narrow)}.`,
    legend: "Digit",
    hint: "Point at a mark to see its digit and the reconstruction.",
    readout: (label: number, rule: string) => `A ${label} in the map of ${rule}`,
    summary: (n: string, parts: string) =>
      `Scatter of ${n} test digits. Digits whose nearest neighbour on the map has the same label: ${parts}.`,
    neighbours: "Same label as nearest neighbour",
    spread: "Range of the numbers drawn",
  },
  scores: {
    title: "What the network says",
    caption:
      "Ten test digits, each rule’s answer, and its score for 0 to 9 as bars. ✓ right, ✗ wrong.",
    right: "right",
    wrong: "wrong",
    hint: "Point at a digit, or use the arrow keys, to compare.",
    readout: (label: number, parts: string) => `A ${label}. ${parts}`,
    says: (rule: string, answer: number, score: string, mark: string) =>
      `${rule} says ${answer} (${score}), ${mark}`,
    summary: (parts: string) => `Right among the ten digits: ${parts}.`,
    other: "Other digits",
  },
  keys: {
    label: "Keyboard",
    list: [
      ["Space", "run or pause"],
      [".", "one iteration"],
      ["Shift + R", "reset"],
      ["← →", "on curves: from point to point"],
      ["+ − 0", "on curves: zoom, show all"],
    ] as readonly (readonly [string, string])[],
  },
  rulesTable: {
    rule: "Rule",
    equation: "What it does",
    source: "Source",
  },
  theme: { label: "Theme", auto: "Auto", light: "Light", dark: "Dark" },
  size: (parameters: string, mflop: string) => `${parameters} weights, ${mflop} MFLOP an iteration`,
} as const;
