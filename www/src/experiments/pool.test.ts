import { describe, expect, it } from "vitest";
import { baseConfig, metricsAt } from "../testing/fake";
import type { DataParts } from "./binding";
import { Experiment } from "./experiment";
import type { FromHost, Job, ToHost } from "./jobs";
import { type MakePort, Pool, type PortEvents, poolSize } from "./pool";

const parts: DataParts = {
  name: "test",
  shape: [1, 1, 1, 2],
  trainImages: new Uint8Array(1),
  trainLabels: new Uint8Array(1),
  testImages: new Uint8Array(1),
  testLabels: new Uint8Array(1),
};

const job = (id: number): Job => ({
  id,
  arm: `arm-${id % 2}`,
  seed: 1 + Math.floor(id / 2),
  config: baseConfig("np"),
  steps: 10,
  every: 1,
  pictures: null,
});

class FakeWorker {
  readonly sent: ToHost[] = [];
  closed = false;
  constructor(readonly events: PortEvents) {}
  get job(): Job | undefined {
    return this.sent.flatMap((m) => (m.type === "run" ? [m.job] : [])).at(-1);
  }
  say(message: FromHost): void {
    this.events.message(message);
  }
  finish(): void {
    this.say({ type: "done", id: this.job?.id ?? -1 });
  }
}

function setup(size: number, options: { broken?: boolean } = {}) {
  const workers: FakeWorker[] = [];
  const locals: FakeWorker[] = [];
  const log: string[] = [];
  const into =
    (list: FakeWorker[]): MakePort =>
    (events) => {
      if (options.broken === true && list === workers) throw new Error("no workers");
      const worker = new FakeWorker(events);
      list.push(worker);
      return {
        post: (message) => worker.sent.push(message),
        close: () => {
          worker.closed = true;
        },
      };
    };
  const pool = new Pool(
    {
      worker: into(workers),
      local: into(locals),
      size,
      onMessage: (m) => log.push(`${m.type} ${m.id}`),
      onStart: (j) => log.push(`start ${j.id}`),
      onLocal: () => log.push("local"),
      onIdle: () => log.push("idle"),
    },
    parts,
  );
  const ready = (): void => {
    for (const worker of workers) worker.say({ type: "ready" });
  };
  return { pool, workers, locals, log, ready };
}

describe("pool", () => {
  it("hands jobs out in order, one a worker, and gives each its data first", () => {
    const { pool, workers, log, ready } = setup(2);
    pool.start([0, 1, 2, 3].map(job));
    expect(log).toEqual([]);
    ready();
    expect(workers.map((w) => w.sent.map((m) => m.type))).toEqual([
      ["data", "run"],
      ["data", "run"],
    ]);
    workers[1]?.finish();
    workers[0]?.finish();
    workers[0]?.finish();
    workers[1]?.finish();
    expect(log).toEqual([
      "start 0",
      "start 1",
      "done 1",
      "start 2",
      "done 0",
      "start 3",
      "done 3",
      "done 2",
      "idle",
    ]);
  });

  it("makes no more workers than there are jobs", () => {
    const { pool, workers } = setup(4);
    pool.start([job(0)]);
    expect(workers).toHaveLength(1);
  });

  it("a run that diverges does not stop the others", () => {
    const { pool, workers, log, ready } = setup(1);
    pool.start([0, 1].map(job));
    ready();
    workers[0]?.say({ type: "stopped", id: 0, step: 5, code: "diverged", message: "it grew" });
    expect(log).toEqual(["start 0", "stopped 0", "start 1"]);
    expect(workers).toHaveLength(1);
  });

  it("a trap replaces the worker, since its memory is in no known state", () => {
    const { pool, workers, log, ready } = setup(1);
    pool.start([0, 1].map(job));
    ready();
    workers[0]?.say({ type: "stopped", id: 0, step: 5, code: "internal", message: "unreachable" });
    expect(workers[0]?.closed).toBe(true);
    workers[1]?.say({ type: "ready" });
    workers[1]?.finish();
    expect(log).toEqual(["start 0", "stopped 0", "start 1", "done 1", "idle"]);
  });

  it("a worker that dies loses its own run only", () => {
    const { pool, workers, log, ready } = setup(2);
    pool.start([0, 1, 2].map(job));
    ready();
    workers[0]?.events.error("out of memory");
    expect(log).toEqual(["start 0", "start 1", "stopped 0"]);
    workers[2]?.say({ type: "ready" });
    workers[1]?.finish();
    workers[2]?.finish();
    expect(log.slice(3)).toEqual(["start 2", "done 1", "done 2", "idle"]);
  });

  it("paused, nothing new begins; resumed, it goes on", () => {
    const { pool, workers, log, ready } = setup(1);
    pool.start([0, 1].map(job));
    ready();
    pool.pause();
    expect(workers[0]?.sent.at(-1)).toEqual({ type: "pause" });
    workers[0]?.finish();
    expect(log).toEqual(["start 0", "done 0"]);
    pool.resume();
    expect(log).toEqual(["start 0", "done 0", "start 1"]);
  });

  it("without workers the page's own thread takes the jobs, and it is said", () => {
    const { pool, locals, log } = setup(3, { broken: true });
    pool.start([0, 1].map(job));
    locals[0]?.say({ type: "ready" });
    expect(log).toEqual(["local", "start 0"]);
    expect(pool.local).toBe(true);
    expect(locals).toHaveLength(1);
  });

  it("the same where workers are made but never come up", () => {
    const { pool, workers, locals, log } = setup(2);
    pool.start([0, 1].map(job));
    for (const worker of workers) worker.events.error("blocked by a policy");
    locals[0]?.say({ type: "ready" });
    expect(log).toEqual(["local", "start 0"]);
  });

  it("ignores what it does not understand, and a job that is not the worker's", () => {
    const { pool, workers, log, ready } = setup(1);
    pool.start([0, 1].map(job));
    ready();
    for (const odd of [null, 3, {}, { type: "done" }, { type: "progress", id: 0, rows: 7 }]) {
      workers[0]?.events.message(odd);
    }
    workers[0]?.say({ type: "done", id: 1 });
    expect(log).toEqual(["start 0"]);
  });

  it("leaves a core to the page and room in memory", () => {
    expect(poolSize(8, 8e6)).toBe(4);
    expect(poolSize(2, 8e6)).toBe(1);
    expect(poolSize(undefined, 8e6)).toBe(1);
    expect(poolSize(16, 184e6)).toBe(3);
  });
});

describe("experiment", () => {
  it("runs all arms of a seed before the next, and knows how long the rest takes", () => {
    const workers: FakeWorker[] = [];
    let time = 0;
    const arms = ["a", "b"].map((id) => {
      return { id, label: id, config: baseConfig("np"), x: null, cell: null };
    });
    const preset = {
      id: "x",
      runs: "x",
      width: null,
      source: "",
      title: "",
      about: "",
      data: "mnist" as const,
      arms,
      steps: 1000,
      quick_steps: 100,
      seeds: 3,
      every: 10,
      panels: [],
      table: null,
      references: [],
    };
    const experiment = new Experiment(preset, {
      now: () => time,
      changed: () => undefined,
      pool: (events, data) => {
        const make: MakePort = (own) => {
          const worker = new FakeWorker(own);
          workers.push(worker);
          return { post: (m) => worker.sent.push(m), close: () => undefined };
        };
        return new Pool({ ...events, worker: make, local: make, size: 1 }, data);
      },
    });
    experiment.start({ seeds: 2, steps: 1000 }, parts, null);
    const [worker] = workers;
    worker?.say({ type: "ready" });
    expect(experiment.runs.map(({ job: j }) => `${j.arm}${j.seed}`)).toEqual([
      "a1",
      "b1",
      "a2",
      "b2",
    ]);
    expect(worker?.job?.config.seed).toBe(1);
    expect(experiment.remainingMs()).toBeNull();
    const rows = [metricsAt(500, 3)];
    worker?.say({ type: "progress", id: 0, step: 500, ms: 1000, rows, pictures: null });
    // 2 ms a step; 500 steps of this run and 1,000 of each of the other three
    expect(experiment.remainingMs()).toBeCloseTo(7000);
    expect(experiment.forecast({ seeds: 1, steps: 100 })).toBeCloseTo(400);
    expect(experiment.progress()).toBeCloseTo(1 / 8);
    time = 1500;
    experiment.pause();
    time = 9000;
    expect(experiment.elapsedMs()).toBe(1500);
    experiment.resume();
    for (let i = 0; i < 4; i++) worker?.finish();
    expect(experiment.phase).toBe("finished");
    expect(experiment.of("a").map((run) => run.state)).toEqual(["done", "done"]);
  });
});
