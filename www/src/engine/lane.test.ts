/** One run between calls and answers, with every answer given by hand. */
import { describe, expect, it } from "vitest";
import { baseConfig, metricsAt, settled } from "../testing/fake";
import { RunLane } from "./lane";
import type { Device, GpuHandle, Metrics, Poll, SimulatorHandle } from "./protocol";

const GPU: GpuHandle = { name: "", software: false, lost: undefined };
const refusal = Object.assign(new Error("The GPU does not answer."), { code: "gpu" });

/** A simulator whose measurements are answered by the test. */
function setup() {
  const never = (): never => {
    throw new Error("not in this test");
  };
  const asked: { resolve(metrics: Metrics): void; reject(thrown: unknown): void }[] = [];
  const calls: string[] = [];
  const state = { step: 0, device: "cpu" as Device, poll: {} as Partial<Poll> };
  const sim: SimulatorHandle = {
    config: baseConfig("np"),
    get step() {
      return state.step;
    },
    parameters: 1,
    flopsPerStep: 1,
    get device() {
      return state.device;
    },
    toGpu: async () => {
      calls.push("toGpu");
      state.device = "gpu";
    },
    toCpu: async () => {
      calls.push("toCpu");
      state.device = "cpu";
    },
    calibrate: never,
    advance: (n) => {
      state.step += n;
      return state.step;
    },
    advanceOnly: never,
    poll: () => {
      const { step } = state;
      return { step, confirmed: step, busy: false, msPerStep: 1, note: null, ...state.poll };
    },
    setHyper: never,
    metrics: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
    outputs: never,
    latent: never,
    weights: never,
    feedbackWeights: never,
    nextStep: never,
    respond: never,
    decode: never,
    estimates: never,
    gradientCheck: never,
    save: never,
    checksum: never,
    free: () => calls.push("free"),
  };
  const heard: string[] = [];
  const lane = new RunLane("np", sim, 50, {
    stopped: (_, stop) => heard.push(`stopped ${stop.code}`),
    moved: () => heard.push("moved"),
    stayed: () => heard.push("stayed"),
    fellBack: (_, note, rewound) => heard.push(`${note}${rewound ? ", back" : ""}`),
  });
  return { lane, asked, calls, heard, state };
}

async function onGpu() {
  const s = setup();
  s.lane.moveTo(GPU);
  await settled();
  s.state.step = 100;
  s.lane.poll();
  return s;
}

describe("RunLane", () => {
  it("is due again when the GPU did not answer, though training went on", async () => {
    const { lane, asked, heard } = await onGpu();
    const answer = lane.measure();
    expect(lane.probeDue).toBe(false);
    lane.advance(7);
    asked[0]?.reject(refusal);
    expect(await answer).toBeNull();
    expect(lane.probeDue).toBe(true);
    expect(heard).toEqual(["moved"]);
  });

  it("stops when the same GPU refuses again and again", async () => {
    const { lane, asked, heard } = await onGpu();
    for (let i = 0; i < 3; i++) {
      const answer = lane.measure();
      asked[i]?.reject(refusal);
      await answer;
    }
    expect(heard).toEqual(["moved", "stopped gpu"]);
  });

  it("drops the numbers of an iteration it has to reach again", async () => {
    const { lane, asked, heard, state } = await onGpu();
    const answer = lane.measure();
    Object.assign(state, { step: 80, device: "cpu", poll: { note: "lost" } });
    lane.poll();
    asked[0]?.resolve(metricsAt(100));
    expect(await answer).toBeNull();
    expect(heard).toEqual(["moved", "lost, back"]);
    expect(lane.step).toBe(80);
    expect(lane.boundary).toBe(100);
  });

  it("keeps the numbers of an iteration that still counts", async () => {
    const { lane, asked, state } = await onGpu();
    const answer = lane.measure();
    lane.advance(30);
    Object.assign(state, { step: 110, device: "cpu", poll: { note: "lost" } });
    lane.poll();
    asked[0]?.resolve(metricsAt(100));
    expect((await answer)?.step).toBe(100);
    expect(lane.boundary).toBe(150);
  });

  it("tells submitted steps from confirmed ones, and waits for the latter", async () => {
    const { lane, state } = await onGpu();
    state.poll = { confirmed: 90 };
    lane.poll();
    expect([lane.step, lane.confirmed, lane.unsettled]).toEqual([100, 90, true]);
    state.poll = {};
    lane.poll();
    expect([lane.confirmed, lane.unsettled]).toEqual([100, false]);
  });

  it("does not return to a GPU from which it fell at once", async () => {
    const { lane, calls, heard, state } = setup();
    state.poll = { note: "lost" };
    lane.moveTo(GPU);
    await Promise.resolve();
    await Promise.resolve();
    state.device = "cpu";
    await settled();
    expect(calls).toEqual(["toGpu"]);
    expect(lane.device).toBe("cpu");
    expect(heard).toEqual(["lost", "moved"]);
  });

  it("goes from one GPU to another by way of the processor", async () => {
    const { lane, calls } = await onGpu();
    lane.moveTo({ ...GPU, name: "another" });
    await settled();
    expect(calls).toEqual(["toGpu", "toCpu", "toGpu"]);
    lane.free();
    expect(calls.at(-1)).toBe("free");
  });
});
