/** Tables and targets as text. */

const number = (v) => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2));
const HEAD = ["", "steps/s", "min – max", "GFLOP/s", "of peak", "we are", "check"];

function checkText(check) {
  if (!check) return "";
  if (!check.ok)
    return check.expected === null ? "loss grows" : `WRONG (${check.updateError.toExponential(0)})`;
  return check.expected === null ? "loss falls" : `ok (${check.updateError.toExponential(0)})`;
}

function cells(row) {
  const { steps_per_second: speed } = row;
  return [
    row.title,
    speed === null ? "" : number(speed),
    speed === null ? "" : `${number(row.slowest)} – ${number(row.fastest)}`,
    number(row.gflops),
    row.share_of_peak === null || row.role === "peak"
      ? ""
      : `${(100 * row.share_of_peak).toFixed(0)} %`,
    row.ours_over_this === null ? "" : `${row.ours_over_this.toFixed(2)} ×`,
    checkText(row.check),
  ];
}

/** One case's rows, columns aligned: names to the left, numbers to the right; none without numbers. */
export function table(rows) {
  const all = [HEAD, ...rows.map(cells)];
  const used = HEAD.map((_, k) => k === 0 || all.slice(1).some((line) => line[k] !== ""));
  const lines = all.map((line) => line.filter((_, k) => used[k]));
  const widths = lines[0].map((_, k) => Math.max(...lines.map((line) => line[k].length)));
  return lines
    .map((line) =>
      line
        .map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k])))
        .join("  "),
    )
    .join("\n");
}

/** Of a case on a GPU: everyone's dispatches a step, counted in the check, and what contenders say of themselves. */
export function gpuLines(rows) {
  const dispatched = rows.filter(({ check }) => check?.dispatches > 0);
  if (dispatched.length === 0) return [];
  const list = dispatched.map(({ title, check }) => `${check.dispatches.toFixed(0)} ${title}`);
  const facts = rows.flatMap(({ title, facts: f }) =>
    f
      ? `  ${title}: ${f.dispatches} dispatches a step, ${f.steps_per_submission} steps a submission, ${(f.readback_bytes_per_second / 1e3).toFixed(1)} kB read back a second`
      : [],
  );
  return [`  dispatches a step: ${list.join(", ")}`, ...facts];
}

/** Our matrix products on the adapter, { size, peakGflops, nn, nt, tn }, against its measured peak. */
export function productLines({ size, peakGflops, ...forms }) {
  const share = (v) => `${number(v)} GFLOP/s, ${((100 * v) / peakGflops).toFixed(0)} %`;
  return [
    `  FMA peak of the adapter  ${number(peakGflops)} GFLOP/s`,
    ...["nn", "nt", "tn"].map((form) => `  ${size}³ ${form}  ${share(forms[form])}`),
  ];
}

/** What we want to reach, { text, goal, value }; all values come from one run. */
export function targets(results) {
  const rows = (suite, id) => results.find((r) => r.suite === suite && r.case === id)?.rows ?? [];
  const one = (suite, id, contender) => rows(suite, id).find((row) => row.id === contender);
  const over = (suite, id, contender) => one(suite, id, contender)?.ours_over_this ?? null;
  const best = (suite, id, ids) => {
    const found = ids.map((contender) => over(suite, id, contender)).filter((v) => v !== null);
    return found.length ? Math.min(...found) : null;
  };
  const torch = ["torch-autograd", "torch-manual"];
  const tfjs = ["tfjs-webgpu", "tfjs-webgpu-manual"];
  const onGpu = results.filter(({ suite }) => suite === "gpu");
  const slowest = onGpu
    .map((r) => best("gpu", r.case, [...tfjs, "jax-js-webgpu"]))
    .filter((v) => v !== null);
  const lowest = (values) => {
    const found = values.filter((v) => v !== null && v !== undefined);
    return found.length ? Math.min(...found) : null;
  };
  const cnn = (suite, of) =>
    lowest(results.filter((r) => r.suite === suite && r.case.startsWith("cnn-")).map(of));
  return [
    {
      text: "browser, every convolutional case: share of the wasm SIMD peak",
      goal: 0.6,
      value: cnn("browser", (r) => one("browser", r.case, "credit-lab")?.share_of_peak),
    },
    {
      text: "native, every convolutional case: times the better layout of PyTorch",
      goal: 1,
      value: cnn("native", (r) => best("native", r.case, ["torch-cnn", "torch-cnn-last"])),
    },
    {
      text: "WebGPU, every convolutional case: times TensorFlow.js with autograd",
      goal: 3,
      value: cnn("gpu", (r) => over("gpu", r.case, "tfjs-webgpu")),
    },
    {
      text: "browser, autoencoder NP: share of the wasm SIMD peak",
      goal: 0.6,
      value: one("browser", "autoencoder-np-32", "credit-lab")?.share_of_peak ?? null,
    },
    {
      text: "browser, autoencoder NP: times TensorFlow.js WASM with autograd",
      goal: 10,
      value: over("browser", "autoencoder-np-32", "tfjs-autograd"),
    },
    {
      text: "browser, autoencoder BP: times the better of tuned TensorFlow.js WASM and jax-js",
      goal: 2.5,
      value: best("browser", "autoencoder-bp-32", ["tfjs-manual", "jax-js"]),
    },
    {
      text: "the same, TensorFlow.js in its fastest layout (columns) included",
      goal: 2.5,
      value: best("browser", "autoencoder-bp-32", ["tfjs-manual", "tfjs-columns", "jax-js"]),
    },
    {
      text: "native, autoencoder BP: times the better of PyTorch with autograd and by hand",
      goal: 1.3,
      value: best("native", "autoencoder-bp-32", torch),
    },
    {
      text: "native, autoencoder NP: times the better of PyTorch with autograd and by hand",
      goal: 1.3,
      value: best("native", "autoencoder-np-32", torch),
    },
    {
      text: "WebGPU, autoencoder NP: times the better of TensorFlow.js with autograd and by hand",
      goal: 5,
      value: best("gpu", "autoencoder-np-32", tfjs),
    },
    {
      text: "WebGPU, autoencoder NP: times jax-js",
      goal: 3,
      value: over("gpu", "autoencoder-np-32", "jax-js-webgpu"),
    },
    {
      text: "WebGPU, every case: times the best of them all",
      goal: 1,
      value: slowest.length ? Math.min(...slowest) : null,
    },
  ].filter(({ value }) => value !== null);
}

export function targetLines(results) {
  return targets(results).map(({ text, goal, value }) => {
    const verdict = value >= goal ? "reached" : "missed ";
    return `  ${verdict}  ${value.toFixed(2).padStart(6)}  (goal ${goal})  ${text}`;
  });
}
