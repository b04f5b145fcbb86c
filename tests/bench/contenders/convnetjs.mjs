/** ConvNetJS: plain JavaScript, f64, one sample at a time; what the first browser demos ran on. */

function open(setup) {
  const { sizes, activations, batch, eta_w, batches } = setup;
  const { convnetjs } = window;
  const layers = [new convnetjs.InputLayer({ out_sx: 1, out_sy: 1, out_depth: sizes[0] })];
  const dense = [];
  const shape = (n) => ({ in_sx: 1, in_sy: 1, in_depth: n });
  activations.forEach((act, l) => {
    const fc = new convnetjs.FullyConnLayer({ ...shape(sizes[l]), num_neurons: sizes[l + 1] });
    fc.filters.forEach((f, o) => {
      for (let i = 0; i < sizes[l]; i++) f.w[i] = setup.w[l][o * sizes[l] + i];
      fc.biases.w[o] = setup.b[l][o];
    });
    fc.bias_decay_mul = 0;
    dense.push(fc);
    layers.push(fc);
    const Activation = { tanh: convnetjs.TanhLayer, relu: convnetjs.ReluLayer }[act];
    if (Activation) layers.push(new Activation(shape(sizes[l + 1])));
  });
  layers.push(new convnetjs.RegressionLayer(shape(sizes.at(-1))));
  const net = new convnetjs.Net();
  net.layers = layers;
  // Its trainer divides by the batch; our rates belong to sums.
  const trainer = new convnetjs.Trainer(net, {
    method: "sgd",
    learning_rate: eta_w * batch,
    batch_size: batch,
    momentum: 0,
    l1_decay: 0,
    l2_decay: 0,
  });
  const vol = (a, t, n) => {
    const v = new convnetjs.Vol(1, 1, n, 0);
    v.w.set(a.subarray(t * n, (t + 1) * n));
    return v;
  };
  const samples = batches.map(({ x, y }) =>
    Array.from({ length: batch }, (_, t) => [
      vol(x, t, sizes[0]),
      Float64Array.from(y.subarray(t * sizes.at(-1), (t + 1) * sizes.at(-1))),
    ]),
  );
  let k = 0;
  return {
    run(steps) {
      for (let i = 0; i < steps; i++, k++) {
        for (const [x, y] of samples[k % samples.length]) trainer.train(x, y);
      }
    },
    state: async () => ({
      w: dense.map((fc) => Float32Array.from(fc.filters.flatMap((f) => Array.from(f.w)))),
      b: dense.map((fc) => Float32Array.from(fc.biases.w)),
      fb: [],
    }),
    dispose() {},
  };
}

export default {
  title: "ConvNetJS",
  note: "plain JavaScript, f64, sample by sample",
  rules: { bp: async (setup) => open(setup) },
  load: async () => "",
};
