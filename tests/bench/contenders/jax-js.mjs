/**
 * jax-js on its WebAssembly backend, one jitted function per step: BP by valueAndGrad, NP written
 * out. Without SharedArrayBuffer (this page is not cross-origin isolated) it uses one thread.
 * Its matrix kernels use relaxed_madd where the browser has it.
 * Arrays are owned: every use but the last takes `.ref`.
 */
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";

const ACT = {
  identity: (z) => z,
  tanh: (z) => np.tanh(z),
  sigmoid: (z) => nn.sigmoid(z),
  relu: (z) => nn.relu(z),
};

/** e = lambda * act'(z) from the activity; consumes both. */
const THROUGH = {
  identity: (h, lambda) => {
    h.dispose();
    return lambda;
  },
  tanh: (h, lambda) => lambda.mul(np.subtract(1, h.ref.mul(h))),
  sigmoid: (h, lambda) => lambda.mul(h.ref.mul(np.subtract(1, h))),
  relu: (h, lambda) => np.where(h.greater(0), lambda, 0),
};

const array = (data, shape) => np.array(data, { shape, dtype: np.float32 });

function upload(setup) {
  const { sizes, batch } = setup;
  const matrix = (a, l) => array(a, [sizes[l + 1], sizes[l]]);
  return {
    params: {
      w: setup.w.map(matrix),
      b: setup.b.map((a, l) => array(a, [sizes[l + 1]])),
      fb: setup.fb.flatMap((a, l) => (a ? [matrix(a, l)] : [])),
    },
    batches: setup.batches.map(({ x, y }) => [
      array(x, [batch, sizes[0]]),
      array(y, [batch, sizes.at(-1)]),
    ]),
    noise: setup.noise.map((xi) => xi?.map((a, l) => array(a, [batch, sizes[l + 1]])) ?? []),
  };
}

const dense = (act, h, w, b) => ACT[act](np.matmul(h, np.transpose(w)).add(b));

function bpStep({ activations, eta_w }) {
  const loss = (params, x, y) => {
    const out = activations.reduce((h, act, l) => dense(act, h, params.w[l], params.b[l]), x);
    return np.sum(np.square(out.sub(y))).mul(0.5);
  };
  return jit((params, x, y) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(params), x, y);
    value.dispose();
    return tree.map((p, g) => p.sub(g.mul(eta_w)), params, grads);
  });
}

function npStep({ activations, eta_w, eta_b, c_h }) {
  const L = activations.length;
  return jit((params, x, y, xi) => {
    const h = [x];
    for (let l = 0; l < L; l++) {
      h.push(dense(activations[l], h[l].ref, params.w[l].ref, params.b[l].ref));
    }
    let noisy = h[1].ref.add(xi[0].ref.mul(c_h));
    for (let l = 1; l < L; l++) {
      noisy = dense(activations[l], noisy, params.w[l].ref, params.b[l].ref);
      if (l < L - 1) noisy = noisy.add(xi[l].ref.mul(c_h));
    }
    const miss = h[L].ref.sub(y);
    const d = noisy.sub(h[L].ref);
    const change = np.sum(d.ref.mul(d.add(miss.ref.mul(2))), 1, { keepdims: true }).mul(0.5 / c_h);

    const next = { w: [], b: [], fb: [] };
    let e = THROUGH[activations[L - 1]](h[L], miss);
    for (let l = L - 1; l >= 0; l--) {
      let below;
      if (l > 0) {
        const feedback = params.fb[l - 1];
        const lambda = np.matmul(e.ref, feedback.ref);
        const residual = lambda.ref.sub(change.ref.mul(xi[l - 1]));
        next.fb[l - 1] = feedback.sub(np.matmul(np.transpose(e.ref), residual).mul(eta_b));
        below = THROUGH[activations[l - 1]](h[l].ref, lambda);
      }
      next.b[l] = params.b[l].sub(np.sum(e.ref, 0).mul(eta_w));
      next.w[l] = params.w[l].sub(np.matmul(np.transpose(e), h[l]).mul(eta_w));
      e = below;
    }
    change.dispose();
    return next;
  });
}

async function open(setup, step) {
  const { batches, noise, params } = upload(setup);
  let current = params;
  let k = 0;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++, k++) {
        const [x, y] = batches[k % batches.length];
        const xi = noise[k % noise.length];
        current =
          setup.rule === "np"
            ? step(current, x.ref, y.ref, tree.ref(xi))
            : step(current, x.ref, y.ref);
      }
      // Reading one small array runs whatever is still pending, and on a GPU waits for its queue.
      await current.b.at(-1).ref.data();
    },
    async state() {
      const read = (list) => Promise.all(list.map((a) => a.ref.data()));
      const fb = await read(current.fb);
      return { w: await read(current.w), b: await read(current.b), fb: [null, ...fb] };
    },
    dispose() {
      tree.dispose(current);
      tree.dispose(batches);
      tree.dispose(noise);
      step.dispose?.();
    },
  };
}

export const rules = {
  bp: (setup) => open(setup, bpStep(setup)),
  np: (setup) => open(setup, npStep(setup)),
};

export default {
  title: "jax-js WASM, jitted",
  note: "SIMD, relaxed_madd where available, 1 thread; batches and noise drawn beforehand",
  rules,
  async load() {
    if (typeof SharedArrayBuffer !== "undefined") throw new Error("the page must not be isolated");
    await init("wasm");
    defaultDevice("wasm");
    return "wasm";
  },
};
