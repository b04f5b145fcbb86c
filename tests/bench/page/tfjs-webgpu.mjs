/** The same for the GPU suite: TensorFlow.js's core and gradients with its WebGPU backend. */
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import "@tensorflow/tfjs-backend-webgpu";

export * from "@tensorflow/tfjs-core";
