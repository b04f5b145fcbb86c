/**
 * The convolutional step of lib/cnn.mjs in TensorFlow.js, as its documentation teaches: the loss is
 * a function, gradients come from the tape, Adam is its own. Masks of dropout are drawn beforehand. Its WASM
 * backend has no gradient of a convolution (Conv2DBackpropFilter), so there only the forward pass runs.
 */
import { tf, transposed } from "./tfjs-common.mjs";

/** Tensors of a set-up; filters as (k, k, Cin, Cout), dense weights as (n_in, n_out): both are W transposed. */
function upload({ layers, batch, image, ...setup }) {
  const shape = ({ kernel, below, inputs, units }) =>
    kernel ? [kernel, kernel, below, units] : [inputs, units];
  return {
    w: setup.w.map((a, l) => {
      const flipped = transposed(a, layers[l].units, layers[l].inputs);
      return tf.variable(tf.tensor(flipped, shape(layers[l])));
    }),
    b: setup.b.map((a) => tf.variable(tf.tensor1d(a))),
    batches: setup.batches.map(({ x, y }) => ({
      x: tf.tensor4d(x, [batch, ...image]),
      y: tf.tensor2d(y, [batch, layers.at(-1).units]),
    })),
    masks: setup.masks.map((list) =>
      list.map((a, l) => a && tf.tensor2d(a, [batch, layers[l].units])),
    ),
  };
}

/** Logits. */
function network({ layers, batch }, { w, b }, x, masks) {
  return layers.reduce((h, { side }, l) => {
    if (side) {
      const a = tf.relu(tf.add(tf.conv2d(h, w[l], 1, "same"), b[l]));
      return tf.maxPool(a, 3, 2, "same");
    }
    const z = tf.add(tf.matMul(tf.reshape(h, [batch, -1]), w[l]), b[l]);
    return l < layers.length - 1 ? tf.mul(tf.relu(z), masks[l]) : z;
  }, x);
}

const entropy = (logits, y) => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(logits))));

/** Session of page.mjs: backpropagation and Adam on the batch sum. */
export async function training(setup) {
  const { batches, masks, ...net } = upload(setup);
  const optimizer = tf.train.adam(setup.eta_w, 0.9, 0.999, 1e-8);
  let k = 0;
  const step = () => {
    const at = k++ % batches.length;
    const { x, y } = batches[at];
    optimizer.minimize(() => entropy(network(setup, net, x, masks[at]), y));
  };
  const flipped = async (v, l) =>
    transposed(await v.data(), setup.layers[l].inputs, setup.layers[l].units);
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) tf.tidy(step);
      // As in tfjs-common.mjs: a small array of the last step waits for all of them.
      await net.b.at(-1).data();
    },
    state: async () => ({
      w: await Promise.all(net.w.map(flipped)),
      b: await Promise.all(net.b.map((v) => v.data())),
      fb: [],
    }),
    dispose() {
      optimizer.dispose();
      tf.dispose({ batches, masks, ...net });
    },
  };
}

/** Session of the forward pass alone, up to the loss, which is all that the check can compare. */
export async function forward(setup) {
  const { batches, masks, ...net } = upload(setup);
  const awake = setup.layers.slice(0, -1).map(() => tf.scalar(1));
  const lossOf = (k, silent) => {
    const { x, y } = batches[k];
    return tf.tidy(() => entropy(network(setup, net, x, silent), y));
  };
  const read = async (loss) => {
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  let k = 0;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++, k++)
        await read(lossOf(k % batches.length, masks[k % masks.length]));
    },
    /** Loss of the first batch with everybody awake, as the judge computes it. */
    startLoss: () => read(lossOf(0, awake)),
    dispose: () => tf.dispose({ batches, masks, awake, ...net }),
  };
}
