/**
 * Runs one job after the other on one thread, in slices, so that messages get through: inside a worker, or on the
 * page's own thread where there are no workers. Same slices or not, a run's numbers are the same.
 */
import type { DatasetHandle, Metrics, SimulatorHandle } from "../engine/protocol";
import type { RunCore } from "./binding";
import { type FromHost, type Job, type Pictures, readToHost, stoppedBy } from "./jobs";
import { nextRow } from "./schedule";

export interface HostClock {
  now(): number;
  /** Lets messages in, and on the page's thread the page draw. */
  rest(): Promise<void>;
  /** Longest slice, in ms. */
  readonly slice: number;
}

/** Least time between two messages about a run, in ms: nobody reads faster. */
const TELL_MS = 250;
/** Least time between two sets of pictures of a run, in ms: they cost a forward pass of hundreds of samples. */
const PICTURES_MS = 1000;

export class Host {
  private data: DatasetHandle | null = null;
  private queue: Promise<void> = Promise.resolve();
  private paused: { promise: Promise<void>; open: () => void } | null = null;
  private closed = false;

  constructor(
    private readonly core: RunCore,
    private readonly clock: HostClock,
    private readonly tell: (message: FromHost, transfer?: Transferable[]) => void,
  ) {}

  receive(value: unknown): void {
    const message = readToHost(value);
    if (message === null) return;
    switch (message.type) {
      case "pause":
        this.pause();
        return;
      case "resume":
        this.paused?.open();
        this.paused = null;
        return;
      case "data":
        this.queue = this.queue.then(() => {
          if (this.closed) return;
          this.data?.free();
          this.data = null;
          try {
            this.data = this.core.putTogether(message.parts);
          } catch (thrown) {
            this.tell({ type: "failed", message: String(thrown) });
          }
        });
        return;
      case "run":
        this.queue = this.queue.then(() => this.run(message.job));
    }
  }

  /** Frees everything; a run in progress ends at its next slice. */
  close(): void {
    this.closed = true;
    this.paused?.open();
    this.paused = null;
    this.queue = this.queue.then(() => {
      this.data?.free();
      this.data = null;
    });
  }

  private pause(): void {
    if (this.paused !== null) return;
    let open = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.paused = { promise, open };
  }

  private async run(job: Job): Promise<void> {
    let run: SimulatorHandle | null = null;
    try {
      if (this.data === null) throw new Error("the run came before its data");
      run = this.core.simulator(job.config, this.data);
      await this.train(job, run);
      if (!this.closed) this.tell({ type: "done", id: job.id });
    } catch (thrown) {
      this.tell(stoppedBy(thrown, job.id, this.step(run)));
    } finally {
      // After a trap even freeing may throw; the page then replaces the worker.
      try {
        run?.free();
      } catch {}
    }
  }

  private step(run: SimulatorHandle | null): number {
    try {
      return run?.step ?? 0;
    } catch {
      return 0;
    }
  }

  private async train(job: Job, run: SimulatorHandle): Promise<void> {
    const { clock } = this;
    let rows: Metrics[] = [await run.metrics()];
    let ms = 0;
    let told = Number.NEGATIVE_INFINITY;
    let pictured = Number.NEGATIVE_INFINITY;
    let wanted = true;
    let chunk = 1;
    const report = async (last: boolean): Promise<void> => {
      const show =
        wanted && job.pictures !== null && (last || clock.now() - pictured >= PICTURES_MS);
      const pictures = show ? await this.pictures(job, run) : null;
      if (show) {
        pictured = clock.now();
        wanted = false;
      }
      const transfer = pictures === null ? [] : buffers(pictures);
      this.tell({ type: "progress", id: job.id, step: run.step, ms, rows, pictures }, transfer);
      rows = [];
      told = clock.now();
    };
    await report(false);
    while (run.step < job.steps) {
      await clock.rest();
      while (this.paused !== null && !this.closed) {
        if (rows.length > 0) await report(false);
        await this.paused.promise;
      }
      if (this.closed) return;
      const begun = clock.now();
      const target = nextRow(run.step, job.every, job.steps);
      const steps = Math.min(chunk, target - run.step);
      run.advance(steps);
      const took = clock.now() - begun;
      // Towards the slice, at most doubling: the first steps of a run may be faster than the rest.
      const fit = Math.floor((steps * clock.slice) / Math.max(took, 0.05));
      chunk = Math.max(1, Math.min(fit, 2 * steps));
      if (run.step >= target) {
        rows.push(await run.metrics());
        wanted = true;
      }
      ms += clock.now() - begun;
      if (run.step >= job.steps) await report(true);
      else if (clock.now() - told >= TELL_MS) await report(false);
    }
  }

  private async pictures(job: Job, run: SimulatorHandle): Promise<Pictures | null> {
    if (job.pictures === null) return null;
    const { latent, samples } = job.pictures;
    return {
      step: run.step,
      latent: latent > 0 ? await run.latent("test", latent) : null,
      outputs: await run.outputs("test", Uint32Array.from(samples)),
    };
  }
}

function buffers({ latent, outputs }: Pictures): Transferable[] {
  return [outputs, latent].flatMap((array) => (array === null ? [] : [array.buffer]));
}
