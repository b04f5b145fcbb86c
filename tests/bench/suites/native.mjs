/**
 * The native suite: our own binary, and PyTorch and NumPy where Python has them, on as many threads each.
 * Ours times itself (`credit-lab bench --json`) and has its arithmetic checked by the crate's
 * tests; it is started anew for every round, so that rounds of all contenders interleave.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { ask, must } from "../../../scripts/lib/run.mjs";
import { Failure, say } from "../../../scripts/lib/terminal.mjs";
import { judgeCnn } from "../lib/cnn-reference.mjs";
import { pack, unpack } from "../lib/pack.mjs";
import { here } from "../lib/peers.mjs";
import { judge } from "../lib/reference.mjs";

/** A Python that can `import numpy`, preferably with torch; undefined when there is none. */
async function findPython() {
  const candidates = [process.env.PYTHON, "python3", "python"].filter(Boolean);
  for (const modules of ["torch, numpy", "numpy"]) {
    for (const python of candidates) {
      if ((await ask(python, ["-c", `import ${modules}`])) !== undefined)
        return { python, modules };
    }
  }
  return undefined;
}

/** Requests to peers.py and its answers, one line each, one at a time. */
function converse(python, threads) {
  const child = spawn(python, [path.join(here, "peers.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, THREADS: String(threads) },
  });
  const waiting = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { resolve, reject } = waiting.shift();
    const { ok, error } = JSON.parse(line);
    if (error) reject(new Error(`peers.py: ${error}`));
    else resolve(ok);
  });
  child.on("close", (code) => {
    for (const { reject } of waiting) reject(new Error(`peers.py ended with exit code ${code}`));
  });
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify({ call: method, args })}\n`);
    });
  return { call, stop: () => child.stdin.end() };
}

async function pythonPeers({ setups, references, threads }, scratch) {
  const found = await findPython();
  if (!found?.modules.includes("torch")) {
    say("PyTorch is not there: pip install torch numpy, or set PYTHON to a python that has them.");
  }
  if (!found) return { contenders: [], stop() {} };
  const { call, stop } = converse(found.python, threads);
  const check = async (contender, id, steps) => {
    const file = path.join(scratch, "state.bin");
    await call("state", contender, id, steps, file);
    const { buffer, byteOffset, byteLength } = readFileSync(file);
    const state = unpack(buffer.slice(byteOffset, byteOffset + byteLength));
    const setup = setups.get(id);
    return (setup.image ? judgeCnn : judge)(setup, references.get(id), state);
  };
  const open = async (contender, id) => {
    const file = path.join(scratch, `${id}.bin`);
    writeFileSync(file, pack(setups.get(id)));
    await call("open", contender, id, file);
  };
  const contenders = (await call("load")).map(({ id, title, version, rules }) => ({
    id,
    title,
    version,
    note: `${counted(threads)}; batches and noise drawn beforehand`,
    role: "peer",
    rules,
    open: (...args) => open(id, ...args),
    check: (...args) => check(id, ...args),
    warm: (...args) => call("warm", id, ...args),
    measure: (...args) => call("measure", id, ...args),
    close: (...args) => call("close", id, ...args),
  }));
  return { contenders, stop };
}

const counted = (threads) => (threads === 1 ? "1 thread" : `${threads} threads`);

const CARGO = ["--release", "--quiet", "--bin", "credit-lab"];
const cargo = (...args) => ["run", ...CARGO, "--", ...args];

/** ms per case of one call when the binary measures all of its cases each time. */
const SHORT = 120;

/**
 * One round of `credit-lab bench --json`. It prints one object a line: { case: "ID KIND",
 * steps_per_second } and { peak: KIND, gflops } with KIND fast (wider vectors, fused multiply-add)
 * or reproducible (the browser's arithmetic, bit for bit).
 */
async function measureOurs(id, millis, canFilter, threads) {
  const select = canFilter ? ["--case", id] : [];
  const time = String(canFilter ? millis : SHORT);
  const args = cargo(
    "bench",
    "--json",
    "--rounds",
    "1",
    "--millis",
    time,
    "--threads",
    String(threads),
    ...select,
  );
  const output = (await ask("cargo", args, { minutes: 5 })) ?? "";
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  const results = lines.map((line) => JSON.parse(line));
  const speed = (kind) => results.find((r) => r.case === `${id} ${kind}`)?.steps_per_second;
  const peak = results.find((r) => r.peak === "fast")?.gflops;
  if (!(speed("fast") > 0 && speed("reproducible") > 0 && peak > 0)) {
    throw new Failure("running the native benchmark", {
      cause: `it printed no result for ${id}: ${output.slice(-500) || "nothing at all"}`,
      remedy: `run it by hand: cargo ${args.join(" ")}`,
    });
  }
  return { fast: speed("fast"), reproducible: speed("reproducible"), peak };
}

/** Our rows. The first one's turn runs the binary, which measures all three; the others report it. */
async function ourselves(threads) {
  await must("building the native binary", "see the lines above", "cargo", ["build", ...CARGO]);
  const version = await ask("cargo", cargo("--version"));
  const help = await ask("cargo", cargo("bench", "--help"));
  const canFilter = help?.includes("--case") ?? false;
  // Measured by whoever comes first in a round, then handed to each of the three once.
  const latest = new Map();
  const take = async (kind, id, millis) => {
    if (!latest.has(kind)) {
      for (const [k, v] of Object.entries(await measureOurs(id, millis, canFilter, threads)))
        latest.set(k, v);
    }
    const value = latest.get(kind);
    latest.delete(kind);
    return value;
  };
  const row = (kind, rest) => ({
    version: version ?? "",
    note: "gathers its batches and draws its noise within the step",
    rules: ["bp", "np", "cnn-bp", "cnn-np-dfa"],
    open: async () => latest.clear(),
    check: async () => null,
    warm: async (_id, _ms, window) => window,
    measure: (id, millis) => take(kind, id, millis),
    close: async () => {},
    ...rest,
  });
  return [
    // A "step" of the peak is one GFLOP.
    row("peak", {
      id: "peak",
      title: "native peak of one core (fused)",
      role: "peak",
      flops: 1e9,
      note: "",
    }),
    row("fast", { id: "credit-lab", title: "Credit Lab", role: "ours" }),
    row("reproducible", {
      id: "credit-lab-reproducible",
      title: "Credit Lab, --reproducible",
      role: "own",
    }),
  ];
}

async function start(context) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "credit-lab-bench-"));
  const peers = await pythonPeers(context, scratch);
  const stop = async () => {
    peers.stop();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const ours = context.ours ? await ourselves(context.threads) : [];
    return {
      about: `${os.platform()} ${os.arch()}, ${counted(context.threads)}`,
      contenders: [...ours, ...peers.contenders],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export default { name: "native", title: "Native", start };
