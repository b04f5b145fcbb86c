/** jax-js on its WebGPU backend: the jitted steps of jax-js.mjs. */
import { defaultDevice, init } from "@jax-js/jax";
import { rules } from "./jax-js.mjs";

export default {
  title: "jax-js WebGPU, jitted",
  note: "batches and noise drawn beforehand",
  rules,
  async load() {
    if (!(await init("webgpu")).includes("webgpu")) throw new Error("jax-js has no WebGPU here");
    defaultDevice("webgpu");
    return "webgpu";
  },
};
