/**
 * This project, through the module the page uses. It gathers its batches from the built-in digits
 * and draws its noise inside the step, and starts from its own seeded weights; hence no state to
 * compare with the reference (the crate's tests do that), only a loss that must fall. No warm-up of the
 * feedback alone: every step updates the weights.
 */
import { configOf, dataOf, loadModule, Simulator } from "./credit-lab-common.mjs";

async function open(setup) {
  const simulator = new Simulator(configOf(setup), dataOf(setup));
  return {
    run: (steps) => void simulator.advance(steps),
    loss: async () => (await simulator.metrics()).train_loss,
    dispose: () => simulator.free(),
  };
}

export default {
  title: "Credit Lab",
  note: "gathers its batches and draws its noise within the step",
  rules: { bp: open, np: open, "cnn-bp": open, "cnn-np-dfa": open },
  async load() {
    const version = await loadModule();
    return version;
  },
};
