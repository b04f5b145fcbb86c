/** TensorFlow.js, WebGPU backend, with the tape: the steps of tfjs-autograd.mjs and tfjs-cnn.mjs. */
import { rules } from "./tfjs-autograd.mjs";
import { training } from "./tfjs-cnn.mjs";
import { loadWebgpu } from "./tfjs-common.mjs";

export default {
  title: "TensorFlow.js WebGPU, autograd",
  note: "batches and noise drawn beforehand",
  rules: { ...rules, "cnn-bp": training },
  load: loadWebgpu,
};
