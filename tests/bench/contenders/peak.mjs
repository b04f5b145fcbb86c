/**
 * Not a contender but the yardstick: the wasm SIMD arithmetic peak (../peak.wat), measured in the
 * same rounds as everyone else. A "step" is one million turns of the loop.
 */

const FLOPS_PER_TURN = 104;
const TURNS = 1_000_000;
/** Of the loops' x and y: far from 0, infinity and denormal numbers for ever. */
const [X, Y] = [0.999, 0.001];

let best;

/** GFLOP/s of one loop over about `ms`, after warming up for as long. */
function rate(loop, ms) {
  let turns = 0;
  for (const phase of ["warm", "time"]) {
    const start = performance.now();
    let now = start;
    for (turns = 0; now - start < ms; turns += TURNS) {
      loop(TURNS, X, Y);
      now = performance.now();
    }
    if (phase === "time") return (turns * FLOPS_PER_TURN) / (now - start) / 1e6;
  }
}

const instantiate = async (url) => ({
  ...(await WebAssembly.instantiateStreaming(fetch(url))).instance.exports,
});

async function open() {
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) best(TURNS, X, Y);
    },
    dispose() {},
  };
}

export default {
  title: "wasm SIMD peak (mul + add)",
  note: "13 chains in registers, no loads",
  flops: FLOPS_PER_TURN * TURNS,
  rules: { bp: open, np: open, "cnn-bp": open, "cnn-np-dfa": open },
  async load() {
    const loops = await instantiate("/peak/peak.wasm");
    try {
      Object.assign(loops, await instantiate("/peak/peak-relaxed.wasm"));
    } catch {
      // No relaxed SIMD in this browser; it is for information only.
    }
    const rates = {};
    for (let turn = 0; turn < 5; turn++) {
      for (const [name, loop] of Object.entries(loops)) {
        rates[name] = Math.max(rates[name] ?? 0, rate(loop, 50));
      }
    }
    best = loops[rates.chained > rates.staggered ? "chained" : "staggered"];
    return Object.entries(rates)
      .map(([name, gflops]) => `${name} ${gflops.toFixed(1)}`)
      .join(", ");
  },
};
