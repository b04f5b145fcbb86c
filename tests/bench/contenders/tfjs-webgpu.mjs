/** TensorFlow.js, WebGPU backend, with the tape: the step of tfjs-autograd.mjs. */
import { rules } from "./tfjs-autograd.mjs";
import { loadWebgpu } from "./tfjs-common.mjs";

export default {
  title: "TensorFlow.js WebGPU, autograd",
  note: "batches and noise drawn beforehand",
  rules,
  load: loadWebgpu,
};
