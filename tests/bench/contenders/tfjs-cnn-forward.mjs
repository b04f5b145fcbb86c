/** TensorFlow.js, WASM backend: the forward pass of the convolutional network, which is as far as it goes. */
import { forward } from "./tfjs-cnn.mjs";
import { loadWasm } from "./tfjs-common.mjs";

export default {
  title: "TensorFlow.js WASM, forward only",
  note: "SIMD, 1 thread; it lacks Conv2DBackpropFilter and cannot train this network; steps/s are passes/s",
  rules: { "cnn-bp": forward },
  load: loadWasm,
};
