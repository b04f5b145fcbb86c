/**
 * For tests: a whole training step of a small dense network, computed here from the equations, so that what the
 * diagram shows can be held against numbers that hang together.
 */
import type { LayerView, RuleInfo, RunConfig } from "../../engine/protocol";
import { baseConfig, rule } from "../../testing/fake";
import type { Moment, NetworkData } from "./model";

/** A small generator; the same seed, the same numbers. */
function random(seed: number): () => number {
  let s = seed >>> 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 4294967296;
  };
}

function gaussian(next: () => number): number {
  return Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
}

const ACT: Readonly<Record<string, (z: number) => number>> = {
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  identity: (z) => z,
  relu: (z) => Math.max(0, z),
};
const SLOPE: Readonly<Record<string, (h: number) => number>> = {
  tanh: (h) => 1 - h * h,
  sigmoid: (h) => h * (1 - h),
  identity: () => 1,
  relu: (h) => (h > 0 ? 1 : 0),
};

export const NP = rule("np", { learns_feedback: true, perturbs: true, has_feedback: true });
export const BP = rule("bp");

export interface FakeOptions {
  readonly info?: RuleInfo;
  readonly config?: Partial<RunConfig>;
  readonly images?: readonly Float32Array[];
  readonly labels?: readonly number[];
  readonly step?: number;
  readonly seed?: number;
}

export function fakeMoment(options: FakeOptions = {}): Moment {
  const info = options.info ?? NP;
  const config: RunConfig = {
    ...baseConfig(info.id),
    sizes: [16, 8, 2, 8, 16],
    batch: 4,
    ...options.config,
  };
  const next = random(options.seed ?? 7);
  const { sizes, batch: n } = config;
  const depth = sizes.length - 1;
  const size = (l: number): number => sizes[l] ?? 0;
  const fill = (length: number, std: number): Float32Array =>
    Float32Array.from({ length }, () => std * gaussian(next));
  const w = Array.from({ length: depth }, (_, i) =>
    fill(size(i + 1) * size(i), 1 / Math.sqrt(size(i))),
  );
  const own = info.id !== "bp" && info.id !== "perturb";
  const b = Array.from({ length: depth }, (_, i) =>
    i === 0 || !own
      ? null
      : fill((info.direct ? size(depth) : size(i + 1)) * size(i), 1 / Math.sqrt(size(i))),
  );
  const input = new Float32Array(n * size(0));
  for (let s = 0; s < n; s++)
    for (let i = 0; i < size(0); i++)
      input[s * size(0) + i] = options.images?.[s]?.[i] ?? (next() > 0.6 ? next() : 0);

  const perturbs = info.perturbs === true;
  const noise = Array.from({ length: depth }, (_, i) => fill(n * size(i + 1), 1));
  const pass = (c: number): Float32Array[] => {
    const h: Float32Array[] = [input];
    for (let l = 1; l <= depth; l++) {
      const out = times(h[l - 1], w[l - 1], n, size(l - 1), size(l));
      const act = ACT[config.activations[l - 1] ?? "identity"] ?? Math.tanh;
      const xi = noise[l - 1];
      h.push(out.map((z, k) => act(z) + (l < depth ? c * (xi?.[k] ?? 0) : 0)));
    }
    return h;
  };
  const clean = pass(0);
  const noisy = perturbs ? pass(config.c_h) : null;
  const target = (s: number, k: number): number =>
    config.task === "autoencoder"
      ? (input[s * size(0) + k] ?? 0)
      : Number((options.labels?.[s] ?? s % 10) === k);
  const lossOf = (h: Float32Array | undefined, s: number): number => {
    let sum = 0;
    for (let k = 0; k < size(depth); k++)
      sum += ((h?.[s * size(depth) + k] ?? 0) - target(s, k)) ** 2 / 2;
    return sum;
  };
  const loss = Float32Array.from({ length: n }, (_, s) => lossOf(clean[depth], s));
  const difference =
    noisy && Float32Array.from({ length: n }, (_, s) => lossOf(noisy[depth], s) - (loss[s] ?? 0));

  const slope = (l: number, h: number): number =>
    (SLOPE[config.activations[l - 1] ?? "identity"] ?? (() => 1))(h);
  const error: Float32Array[] = [];
  const exact: Float32Array[] = [];
  const truth: (Float32Array | null)[] = [];
  const delivered: (Float32Array | null)[] = [];
  const top = (clean[depth] ?? input).map(
    (h, k) => (h - target(Math.floor(k / size(depth)), k % size(depth))) * slope(depth, h),
  );
  error[depth] = top;
  exact[depth] = top;
  for (let l = depth - 1; l >= 1; l--) {
    const h = clean[l];
    const t = down(exact[l + 1], w[l], n, size(l + 1), size(l));
    const from = info.direct ? depth : l + 1;
    const hat = noise[l - 1]?.map(
      (xi, k) => ((difference?.[Math.floor(k / size(l))] ?? 0) * xi) / config.c_h,
    );
    const lambda =
      info.id === "perturb"
        ? (hat ?? t)
        : down(error[from], own ? b[l] : w[l], n, size(from), size(l));
    truth[l] = t;
    delivered[l] = info.id === "perturb" ? null : lambda;
    exact[l] = t.map((v, k) => v * slope(l, h?.[k] ?? 0));
    error[l] = lambda.map((v, k) => v * slope(l, h?.[k] ?? 0));
  }
  const layers: LayerView[] = Array.from({ length: depth }, (_, i) => {
    const l = i + 1;
    const hidden = l < depth;
    const xi = perturbs && hidden ? (noise[i] ?? null) : null;
    const e = error[l] ?? new Float32Array(0);
    const learns = info.learns_feedback && l > 1;
    const from = info.direct ? depth : l;
    const below = noise[l - 2]?.map(
      (v, k) =>
        (delivered[l - 1]?.[k] ?? 0) -
        ((difference?.[Math.floor(k / size(l - 1))] ?? 0) * v) / config.c_h,
    );
    return {
      units: size(l),
      h: clean[l] ?? e,
      noisy: noisy?.[l] ?? null,
      xi,
      lambdaHat:
        xi?.map((v, k) => ((difference?.[Math.floor(k / size(l))] ?? 0) * v) / config.c_h) ?? null,
      lambda: hidden ? (delivered[l] ?? null) : null,
      truth: hidden ? (truth[l] ?? null) : null,
      e,
      dW: outer(e, clean[l - 1], n, size(l), size(l - 1)),
      dB: learns ? outer(error[from], below, n, size(from), size(l - 1)) : null,
    };
  });
  const view = {
    step: options.step ?? 41,
    samples: Uint32Array.from({ length: n }, (_, s) => s),
    input,
    loss,
    difference,
    layers,
  };
  return { config, view, w, b };
}

export function fakeData(options: FakeOptions = {}): NetworkData {
  const moment = fakeMoment(options);
  const side = Math.sqrt(moment.config.sizes[0] ?? 1);
  return {
    rule: options.info ?? NP,
    moment,
    sample: 0,
    shape: { rows: side, cols: side, channels: 1 },
    label: options.labels?.[0] ?? 0,
    target:
      moment.config.task === "autoencoder"
        ? Uint8Array.from(moment.view.input.subarray(0, side * side), (v) => v * 255)
        : null,
  };
}

/** n × a by (b × a)^T: n × b. */
function times(
  x: Float32Array | undefined,
  w: Float32Array | undefined,
  n: number,
  a: number,
  b: number,
): Float32Array {
  const out = new Float32Array(n * b);
  for (let s = 0; s < n; s++)
    for (let j = 0; j < b; j++)
      for (let i = 0; i < a; i++)
        out[s * b + j] = (out[s * b + j] ?? 0) + (w?.[j * a + i] ?? 0) * (x?.[s * a + i] ?? 0);
  return out;
}

/** n × b by b × a: n × a. */
function down(
  e: Float32Array | undefined,
  w: Float32Array | null | undefined,
  n: number,
  b: number,
  a: number,
): Float32Array {
  const out = new Float32Array(n * a);
  for (let s = 0; s < n; s++)
    for (let j = 0; j < b; j++)
      for (let i = 0; i < a; i++)
        out[s * a + i] = (out[s * a + i] ?? 0) + (w?.[j * a + i] ?? 0) * (e?.[s * b + j] ?? 0);
  return out;
}

/** Sum over samples of e h^T: b × a. */
function outer(
  e: Float32Array | undefined,
  h: Float32Array | undefined,
  n: number,
  b: number,
  a: number,
): Float32Array {
  const out = new Float32Array(b * a);
  for (let s = 0; s < n; s++)
    for (let j = 0; j < b; j++)
      for (let i = 0; i < a; i++)
        out[j * a + i] = (out[j * a + i] ?? 0) + (e?.[s * b + j] ?? 0) * (h?.[s * a + i] ?? 0);
  return out;
}
