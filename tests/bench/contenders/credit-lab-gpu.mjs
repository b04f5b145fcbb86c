/**
 * This project on WebGPU, through the module the page uses: chunks of steps are submitted as the page
 * submits them, at most two in flight. As in credit-lab.mjs batches are gathered and noise is drawn
 * within the step, from its own seed; hence the check: the same steps on the processor's path, whose
 * arithmetic the crate's tests hold to the equations.
 */
import { LOSS_TOLERANCE, UPDATE_TOLERANCE, updateError } from "../lib/reference.mjs";
import { configOf, dataOf, Gpu, loadModule, Simulator } from "./credit-lab-common.mjs";

/** ms of GPU time that one submission should take: long enough to fill the gaps between timers. */
const CHUNK = 250;

let device;

/** Leaves the processor to the adapter, which may be a software one. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 4));

/** What a run of these rules learns: W of every layer, with perturbations also B of those above the first. */
function matrices(simulator, { activations, rule }) {
  const layers = activations.map((_, l) => l + 1);
  const above = rule.startsWith("np") ? layers.slice(1) : [];
  return Promise.all([
    ...layers.map((l) => simulator.weights(l)),
    ...above.map((l) => simulator.feedbackWeights(l)),
  ]);
}

async function open(setup) {
  const [config, data] = [configOf(setup), dataOf(setup)];
  const simulator = new Simulator(config, data);
  await simulator.toGpu(device);
  let chunk = 1;
  // Of the runs alone: the check reads weights back.
  let took = 0;
  let readback = 0;

  function poll() {
    const now = simulator.poll();
    if (now.note || simulator.device !== "gpu") throw new Error(now.note ?? "not on the GPU");
    // Twice as many or half, so that it settles.
    const ms = chunk * (now.msPerStep ?? CHUNK);
    if (ms < CHUNK / 2) chunk *= 2;
    if (ms > CHUNK * 2 && chunk > 1) chunk = Math.ceil(chunk / 2);
    return now;
  }

  return {
    async run(steps) {
      const start = performance.now();
      const end = simulator.step + steps;
      let now = poll();
      const readBefore = now.readbackBytes;
      while (now.confirmed < end) {
        if (now.busy || simulator.step === end) await pause();
        else simulator.advance(Math.min(chunk, end - simulator.step));
        now = poll();
      }
      took += performance.now() - start;
      readback += now.readbackBytes - readBefore;
    },

    async check(steps) {
      const model = new Simulator(config, data);
      const start = await matrices(model, config);
      const before = (await model.metrics()).train_loss;
      model.advance(steps);
      const [want, got] = [await matrices(model, config), await matrices(simulator, config)];
      const expected = (await model.metrics()).train_loss;
      const loss = (await simulator.metrics()).train_loss;
      model.free();
      const worst = Math.max(...want.map((m, k) => updateError(start[k], m, got[k])));
      const lossError = Math.abs(loss - expected) / expected;
      const ok = worst <= UPDATE_TOLERANCE && lossError <= LOSS_TOLERANCE;
      return { loss, expected, before, lossError, updateError: worst, ok };
    },

    facts: () => ({
      dispatches: simulator.poll().dispatches,
      steps_per_submission: chunk,
      readback_bytes_per_second: (1000 * readback) / took,
    }),

    dispose: () => simulator.free(),
  };
}

export default {
  title: "Credit Lab WebGPU",
  note: "gathers its batches and draws its noise within the step; checked against its own processor path",
  rules: { bp: open, np: open, "cnn-bp": open, "cnn-np-dfa": open },
  async load() {
    const version = await loadModule();
    if (!Gpu) throw new Error("this build of the module has no WebGPU path");
    device = await Gpu.request();
    return `${version}, ${device.name}, ${device.timestamps ? "timestamps" : "no timestamps"}`;
  },
  /** Our matrix products against the adapter's peak; undefined where the module does not offer it. */
  async products(size) {
    return device.benchProduct && { size, ...(await device.benchProduct(size)) };
  },
};
