/**
 * What is timed: network, rule, batch and rates of each case, the suites it belongs to, and the one
 * formula by which every contender's steps/s become GFLOP/s.
 *
 * Units: eta_w and eta_b belong to batch sums (paper, section 3: W -= eta
 * sum_t e h'), so a batch of 512 gets 1/16 of the rate that a batch of 32 has.
 */
import { cnnCase, judgedCase } from "./cnn.mjs";

const AUTOENCODER = {
  task: "autoencoder",
  sizes: [784, 200, 2, 200, 784],
  activations: ["tanh", "identity", "tanh", "relu"],
};
const CLASSIFIER = {
  task: "classifier",
  sizes: [784, 50, 20, 10],
  activations: ["sigmoid", "sigmoid", "identity"],
};
/** Wide enough that a GPU has something to do; the reference takes seconds for a step of it. */
const WIDE = {
  name: "wide",
  task: "classifier",
  sizes: [784, 2048, 2048, 10],
  activations: ["relu", "relu", "identity"],
};
/** Not the 3.7e-4 of the authors' code: at that rate the first steps overshoot (loss 5911 -> 9260)
 *  and amplify a rounding of 1e-7 to 9 % of the update within 50 steps, so that nothing could be
 *  compared; at 1e-5 and 20 steps it stays below 1e-4. The time of a step does not depend on it. */
const AUTOENCODER_BP = { eta_w: 1e-5, eta_b: 0, c_h: 0 };
const AUTOENCODER_NP = { eta_w: 1e-4, eta_b: 8e-6, c_h: 0.02 };
const CLASSIFIER_NP = { eta_w: 4e-4, eta_b: 5e-4, c_h: 0.01 };
const WIDE_BP = { eta_w: 1e-5, eta_b: 0, c_h: 0 };
const WIDE_NP = { eta_w: 1e-5, eta_b: 1e-6, c_h: 0.02 };

const [CPU, GPU, ALL] = [["browser", "native"], ["gpu"], ["browser", "native", "gpu"]];

function makeCase(suites, network, rule, batch, rates, quick) {
  const scale = 32 / batch;
  const name = network.name ?? network.task;
  const c = {
    ...network,
    suites,
    id: `${name}-${rule}-${batch}`,
    title: `${name} ${rule.toUpperCase()}, batch ${batch}`,
    rule,
    kind: rule,
    batch,
    eta_w: rates.eta_w * scale,
    eta_b: rates.eta_b * scale,
    c_h: rates.c_h,
    quick,
  };
  return { ...c, flops: flopsPerStep(c) };
}

/**
 * Floating-point operations of one training step, the same count for everyone.
 *
 * Only matrix products count, two operations per multiply-add; bias, activation, noise, loss and
 * the addition of a finished update are left out, and so is whatever a contender does twice.
 * With P = sum_l n_l n_{l-1} weights, P1 those of the first layer and T samples:
 *   BP = 2 T (P forward + P dW + (P - P1) error passed down)
 *   NP = 2 T (P clean pass + (P - P1) noisy pass, whose first pre-activation equals the clean one
 *             + P dW + (P - P1) synthetic error + (P - P1) dB; B has no first layer)
 * Autoencoder at T = 32: BP 50.3 MFLOP, NP 70.5 MFLOP.
 */
export function flopsPerStep({ sizes, batch, rule }) {
  const weights = sizes.slice(1).map((n, l) => n * sizes[l]);
  const all = weights.reduce((a, b) => a + b, 0);
  const upper = all - weights[0];
  const macs = rule === "np" ? 2 * all + 3 * upper : 2 * all + upper;
  return 2 * batch * macs;
}

export const CASES = [
  makeCase(ALL, AUTOENCODER, "bp", 32, AUTOENCODER_BP, true),
  makeCase(ALL, AUTOENCODER, "np", 32, AUTOENCODER_NP, true),
  makeCase(CPU, CLASSIFIER, "np", 32, CLASSIFIER_NP, true),
  makeCase(ALL, AUTOENCODER, "bp", 512, AUTOENCODER_BP, false),
  makeCase(ALL, AUTOENCODER, "np", 512, AUTOENCODER_NP, false),
  makeCase(GPU, WIDE, "bp", 32, WIDE_BP, false),
  makeCase(GPU, WIDE, "np", 32, WIDE_NP, true),
  makeCase(GPU, WIDE, "bp", 128, WIDE_BP, false),
  makeCase(GPU, WIDE, "np", 128, WIDE_NP, false),
  cnnCase(CPU, "bp", 32, 1, { quick: true }),
  cnnCase(CPU, "np-dfa", 32, 1, { quick: true }),
  cnnCase(CPU, "bp", 128, 1, { quick: false }),
  cnnCase(CPU, "np-dfa", 128, 1, { quick: false }),
  // A software adapter takes minutes for TensorFlow.js's steps at width 1.
  cnnCase(GPU, "bp", 32, 0.25, { quick: true, adapter: "software" }),
  cnnCase(GPU, "np-dfa", 32, 0.25, { quick: true, adapter: "software" }),
  cnnCase(GPU, "bp", 128, 0.25, { quick: false, adapter: "software" }),
  cnnCase(GPU, "bp", 32, 1, { quick: true, adapter: "hardware" }),
  cnnCase(GPU, "np-dfa", 32, 1, { quick: true, adapter: "hardware" }),
  cnnCase(GPU, "bp", 128, 1, { quick: false, adapter: "hardware" }),
  cnnCase(GPU, "np-dfa", 128, 1, { quick: false, adapter: "hardware" }),
];

/** The case in which the contenders of `c` are checked: itself, or a narrower network. */
export const judgedBy = (c) => (c.image ? judgedCase(c) : c);

/**
 * Steps of the correctness check at batch 32; larger batches take as many samples, at least `least`
 * steps. `share`: of those samples, where the adapter is slow. For the wide network it is two steps
 * (the second one uses what the first one updated), or one of a large batch.
 */
const CHECK_STEPS = { bp: 20, np: 50 };
export const checkSteps = ({ batch, rule, name, steps }, { share, least }) =>
  steps ??
  (name === "wide"
    ? Math.ceil(64 / batch)
    : Math.max(least, Math.ceil((share * CHECK_STEPS[rule] * 32) / batch)));
