import { describe, expect, it } from "vitest";
import { baseConfig, FakeClock, FakeGpu, fakeCore, fakeData, settled } from "../testing/fake";
import { type Compute, DeviceChooser, pathsOf, sharedGpu } from "./device";
import { Engine } from "./engine";

const gone = Object.assign(new Error("No adapter was found."), { code: "gpu" });

/** The chooser on a real engine with fake runs, wired as the page does it. */
function setup({ compute = "auto" as Compute, webgpu = true, refuse = false } = {}) {
  const clock = new FakeClock();
  const { core, sims, gpu: first } = fakeCore(clock, () => ({ stepMs: 1, metricsMs: 12 }));
  const host = { gpu: first, asked: 0, refuse };
  const request = sharedGpu(() => {
    host.asked++;
    return host.refuse ? Promise.reject(gone) : Promise.resolve(host.gpu);
  });
  const notes: string[] = [];
  const stayed: string[] = [];
  const engine: Engine = new Engine(core, clock, (event) => {
    if (event.type === "lanes") chooser.lanesChanged();
    if (event.type === "stayed") {
      stayed.push(event.rule);
      chooser.failed(event.message);
    }
    if (event.type === "fell-back") {
      notes.push(event.note);
      chooser.failed(event.note);
    }
  });
  const chooser = new DeviceChooser({
    engine,
    gpu: request,
    idle: () => Promise.resolve(),
    offers: { webgpu, secure: true },
    changed: () => undefined,
  });
  chooser.choose(compute);
  const build = (...rules: string[]): void => engine.build(fakeData, rules.map(baseConfig));
  const devices = (): string[] => engine.status().lanes.map((lane) => lane.device);
  return { clock, engine, chooser, sims, host, notes, stayed, build, devices };
}

const times = (cpuMs: number, gpuMs: number) => ({ cpuMs, gpuMs });

describe("DeviceChooser", () => {
  it("does not look for a GPU before there is a run, nor without WebGPU, nor when told not to", async () => {
    const early = setup();
    await settled();
    expect(early.chooser.why).toEqual({ kind: "waiting" });
    expect(early.host.asked).toBe(0);
    const without = setup({ webgpu: false });
    without.build("np");
    await without.clock.frames(5);
    expect(without.chooser.why).toEqual({ kind: "no-webgpu", secure: true });
    const told = setup({ compute: "cpu" });
    told.build("np");
    await told.clock.frames(5);
    expect(told.chooser.why).toEqual({ kind: "chosen" });
    expect(told.host.asked + without.host.asked).toBe(0);
  });

  it("takes the quicker path for all runs, and lets the run begin meanwhile", async () => {
    const { clock, engine, chooser, host, build, devices } = setup();
    host.gpu.times = times(1.9, 0.4);
    build("np", "bp", "fa");
    engine.run();
    await clock.frames(4);
    expect(engine.status().iteration).toBeGreaterThan(0);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    await clock.frames(30);
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
    expect(chooser.why).toEqual({ kind: "measured", result: times(1.9, 0.4) });
  });

  it("stays on the processor when that is quicker, software adapter or not", async () => {
    const { clock, chooser, host, build, devices } = setup();
    host.gpu.times = times(1.9, 24);
    build("np", "bp");
    await clock.frames(20);
    expect(devices()).toEqual(["cpu", "cpu"]);
    expect(chooser.why).toEqual({ kind: "measured", result: times(1.9, 24) });
    expect(host.gpu.calibrations).toBe(1);
  });

  it("measures again for another configuration only, and remembers", async () => {
    const { clock, engine, host, build, devices } = setup();
    build("np", "bp");
    await clock.frames(30);
    build("np", "bp");
    await clock.frames(30);
    engine.addLane(baseConfig("fa"));
    await clock.frames(10);
    expect(host.gpu.calibrations).toBe(1);
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
    engine.build(fakeData, [{ ...baseConfig("np"), batch: 256 }]);
    await clock.frames(30);
    expect(host.gpu.calibrations).toBe(2);
    build("bp", "np");
    await clock.frames(30);
    expect(host.gpu.calibrations).toBe(3);
    build("np");
    await clock.frames(30);
    expect(host.gpu.calibrations).toBe(3);
    expect(host.asked).toBe(1);
  });

  it("moves a run back and forth as the reader chooses", async () => {
    const { clock, engine, chooser, host, build, devices } = setup();
    host.gpu.times = times(1, 24);
    build("np", "bp");
    engine.run();
    await clock.frames(30);
    chooser.choose("gpu");
    await clock.frames(20);
    expect(devices()).toEqual(["gpu", "gpu"]);
    expect(chooser.why).toEqual({ kind: "chosen" });
    chooser.choose("cpu");
    await clock.frames(20);
    expect(devices()).toEqual(["cpu", "cpu"]);
    chooser.choose("gpu");
    chooser.choose("auto");
    await clock.frames(20);
    expect(devices()).toEqual(["cpu", "cpu"]);
    expect(chooser.why).toMatchObject({ kind: "measured" });
  });

  it("forgets what it was about to do when the reader chooses", async () => {
    const { clock, chooser, host, build, devices } = setup();
    build("np");
    await clock.frames(2);
    expect(chooser.why).toEqual({ kind: "measuring" });
    chooser.choose("cpu");
    await clock.frames(20);
    expect(host.gpu.calibrations).toBe(1);
    expect(devices()).toEqual(["cpu"]);
    expect(chooser.why).toEqual({ kind: "chosen" });
  });

  it("gives the reason when there is no GPU, and looks again only when asked", async () => {
    const { clock, chooser, host, build, devices } = setup({ refuse: true });
    build("np");
    await clock.frames(10);
    expect(chooser.why).toEqual({ kind: "failed", message: "No adapter was found." });
    build("bp");
    await clock.frames(10);
    expect(host.asked).toBe(1);
    host.refuse = false;
    chooser.choose("gpu");
    await clock.frames(20);
    expect(host.asked).toBe(2);
    expect(devices()).toEqual(["gpu"]);
  });

  it("gives the reason when timing fails or runs may not move", async () => {
    const { clock, chooser, host, build, devices } = setup();
    host.gpu.refuses = "The GPU is too small.";
    build("np", "bp");
    await clock.frames(30);
    expect(devices()).toEqual(["cpu", "cpu"]);
    expect(chooser.trouble).toBe("The GPU is too small.");
    const other = setup();
    other.host.gpu.lost = "The GPU was lost.";
    other.build("np");
    await other.clock.frames(30);
    expect(other.chooser.why).toEqual({ kind: "failed", message: "The GPU was lost." });
  });

  it("after a lost device stays on the processor, until a new run or the reader wants another", async () => {
    const { clock, engine, chooser, host, notes, stayed, build, devices } = setup();
    build("np", "bp");
    engine.run();
    await clock.frames(40);
    expect(devices()).toEqual(["gpu", "gpu"]);
    host.gpu.destroy();
    await clock.frames(20);
    expect(notes).toEqual(["The GPU was lost."]);
    expect(chooser.trouble).toBe("The GPU was lost.");
    engine.addLane(baseConfig("fa"));
    await clock.frames(20);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(stayed).toEqual([]);
    expect(host.asked).toBe(1);
    host.gpu = new FakeGpu(clock);
    build("np", "bp");
    await clock.frames(40);
    expect(devices()).toEqual(["gpu", "gpu"]);
    expect(chooser.trouble).toBeNull();
    expect(host.asked).toBe(2);
  });
});

describe("pathsOf", () => {
  it("leaves out rules that have stopped", async () => {
    const { clock, engine, build } = setup({ compute: "gpu" });
    build("np", "bp");
    await clock.frames(20);
    const { lanes } = engine.status();
    const stopped = { code: "diverged", message: "" } as const;
    expect(pathsOf(lanes)).toEqual({ cpu: [], gpu: ["np", "bp"], moving: false });
    expect(pathsOf(lanes.map((l) => (l.rule === "bp" ? { ...l, stopped } : l))).gpu).toEqual([
      "np",
    ]);
  });
});

describe("sharedGpu", () => {
  it("asks once for everybody, and again after a refusal or a loss", async () => {
    const clock = new FakeClock();
    const answers: (FakeGpu | null)[] = [null, new FakeGpu(clock), new FakeGpu(clock)];
    let asked = 0;
    const gpu = sharedGpu(async () => {
      const answer = answers[asked++];
      if (answer == null) throw gone;
      return answer;
    });
    await expect(Promise.all([gpu(), gpu()])).rejects.toThrow("No adapter");
    expect(asked).toBe(1);
    expect(await gpu()).toBe(await gpu());
    expect(asked).toBe(2);
    answers[1]?.destroy();
    expect(await gpu()).toBe(answers[2]);
  });
});
