/**
 * This project, through the module the page uses. It gathers its batches from the built-in digits
 * and draws its noise inside the step, and starts from its own seeded weights; hence no state to
 * compare with the reference (the crate's tests do that), only a loss that must fall. No warm-up of the
 * feedback alone: every step updates the weights.
 */
import init, { Dataset, defaultConfig, Simulator, version } from "/wasm/credit_lab.js";

let digits;

async function open(setup) {
  const { task, sizes, activations, rule, batch, eta_w, eta_b, c_h } = setup;
  const rates = rule === "np" ? { eta_w, eta_b, c_h } : { eta_w };
  const simulator = new Simulator(
    { ...defaultConfig(task, rule), sizes, activations, batch, seed: 1, warmup: 0, ...rates },
    digits,
  );
  return {
    run: (steps) => void simulator.advance(steps),
    loss: async () => simulator.metrics().train_loss,
    dispose: () => simulator.free(),
  };
}

export default {
  title: "Credit Lab",
  note: "gathers its batches and draws its noise within the step",
  rules: { bp: open, np: open },
  async load() {
    await init();
    const response = await fetch("/data/mnist-10k.bin");
    digits = Dataset.embedded(new Uint8Array(await response.arrayBuffer()));
    return version();
  },
};
