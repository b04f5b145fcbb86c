/** TensorFlow.js as one module: its core bundle lacks the gradients, which autograd needs. */
import "@tensorflow/tfjs-core/dist/register_all_gradients";

export { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
export * from "@tensorflow/tfjs-core";
