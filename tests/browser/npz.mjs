/** Reads the page's .npz files, and computes with what is in them as a notebook would. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { DIST } from "./harness.mjs";

/** The arrays by name: their shapes and values, which are a text for `config`. */
export function readNpz(bytes) {
  const files = Object.entries(unzipSync(bytes));
  return new Map(files.map(([name, content]) => [name.replace(/\.npy$/, ""), readNpy(content)]));
}

function readNpy(bytes) {
  const start = 10 + (bytes[8] | (bytes[9] << 8));
  const header = Buffer.from(bytes.subarray(10, start)).toString("latin1");
  const [, type, inside] = /'descr': '([^']+)'.*'shape': \(([^)]*)\)/.exec(header);
  const shape = inside.split(",").flatMap((n) => (n.trim() === "" ? [] : [Number(n)]));
  const { buffer } = bytes.slice(start);
  if (type === "<f8") return { shape, values: [...new Float64Array(buffer)] };
  if (type === "<f4") return { shape, values: [...new Float32Array(buffer)] };
  return { shape, values: String.fromCodePoint(...new Uint32Array(buffer)) };
}

/** The first test digits that come with the page: pixels from 0 to 1, and labels. They come in parts, one after another. */
export function testDigits(count) {
  const packed = gunzipSync(readFileSync(path.join(DIST, "data", "mnist-10k.bin")));
  const digits = [];
  for (let start = 0; start < packed.length; ) {
    const [train, test, rows, cols] = [8, 12, 16, 20].map((at) => packed.readUInt32LE(start + at));
    const labels = start + 24 + train;
    const images = labels + test + train * rows * cols;
    for (let i = 0; i < test; i++) {
      const at = images + i * rows * cols;
      const pixels = Array.from(packed.subarray(at, at + rows * cols), (x) => x / 255);
      digits.push({ pixels, label: packed[labels + i] });
    }
    start = images + test * rows * cols;
  }
  return digits.slice(0, count);
}

const ACTIVATION = {
  tanh: Math.tanh,
  identity: (x) => x,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => Math.max(0, x),
};

/** What a rule's network makes of an input. */
export function forward(arrays, { rule, activations }, input) {
  return activations.reduce((below, activation, i) => {
    const { values: w } = arrays.get(`${rule}/W${i + 1}`);
    return arrays.get(`${rule}/b${i + 1}`).values.map((bias, unit) => {
      const sum = below.reduce((s, x, j) => s + x * w[unit * below.length + j], bias);
      return ACTIVATION[activation](sum);
    });
  }, input);
}

/** ‖a‖, or ‖a − b‖. */
export const norm = (a, b) => Math.hypot(...a.values.map((x, i) => x - (b?.values[i] ?? 0)));
