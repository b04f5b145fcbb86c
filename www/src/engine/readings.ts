/**
 * Measurements and read-outs: what is due, in which order, and how much of a frame they may take.
 *
 * On the processor each takes 2 to 20 ms and is done in the call; on the GPU the call only enqueues it
 * and the answer comes frames later. Either way one of a kind is under way for a rule at a time, and
 * answers to what nobody wants any more are dropped.
 */
import type { Reading, RunLane } from "./lane";
import type { DatasetHandle, Device, EngineEvent, Readouts } from "./protocol";

/** Shortest time between two read-outs of one rule's pictures, in ms: quick enough to look alive. */
const READOUT_PAUSE_MS = 250;

/** The engine as the readings need it. */
export interface ReadingsHost {
  now(): number;
  emit(event: EngineEvent): void;
  alive(): readonly RunLane[];
  active(): boolean;
  data(): DatasetHandle | null;
  /** A pause is still bringing this lane to the iteration of the others. */
  levelling(lane: RunLane): boolean;
}

export class Readings {
  private wanted: Readouts = { outputs: null, latentCount: 0 };
  /** How long a call takes, in ms, by experience. */
  private readonly ms: Readonly<Record<Device, Record<Reading, number>>> = {
    cpu: { metrics: 15, outputs: 2, latent: 8 },
    gpu: { metrics: 1, outputs: 0.5, latent: 0.5 },
  };

  constructor(private readonly host: ReadingsHost) {}

  want(readouts: Readouts): void {
    this.wanted = readouts;
    for (const lane of this.host.alive()) {
      lane.outputsDue = true;
      lane.latentDue = true;
    }
  }

  /** True while there is something to read, now or in a moment. */
  get due(): boolean {
    return this.next() !== null || this.host.alive().some((lane) => this.pictureOf(lane) !== null);
  }

  /** What fits into this frame, and one reading in any case. Returns whether anything was done. */
  work(start: number, budget: number): boolean {
    const { host } = this;
    let done = false;
    for (;;) {
      const job = this.next();
      if (job === null) return done;
      const { lane, kind } = job;
      const known = this.ms[lane.device];
      const begun = host.now();
      if (done && begun - start + known[kind] > budget) return done;
      void this.read(lane, kind);
      known[kind] += 0.3 * (host.now() - begun - known[kind]);
      done = true;
    }
  }

  private next(): { lane: RunLane; kind: Reading } | null {
    const { host } = this;
    const lanes = host.alive().filter((lane) => !lane.held);
    const [due] = lanes
      .filter((lane) => !lane.asked.has("metrics") && this.unmeasured(lane))
      .sort((a, b) => a.step - b.step);
    if (due !== undefined) return { lane: due, kind: "metrics" };
    const now = host.now();
    for (const lane of lanes) {
      if (host.active() && now - lane.lastReadout < READOUT_PAUSE_MS) continue;
      const kind = this.pictureOf(lane);
      if (kind !== null && !lane.asked.has(kind)) return { lane, kind };
    }
    return null;
  }

  private unmeasured(lane: RunLane): boolean {
    if (lane.measuredAt < 0 || lane.probeDue) return true;
    return !this.host.active() && lane.measuredAt !== lane.step && !this.host.levelling(lane);
  }

  private pictureOf(lane: RunLane): "outputs" | "latent" | null {
    if (lane.outputsDue && this.wanted.outputs !== null) return "outputs";
    return lane.latentDue && this.wanted.latentCount > 0 ? "latent" : null;
  }

  private read(lane: RunLane, kind: Reading): Promise<void> {
    switch (kind) {
      case "metrics":
        return this.metrics(lane);
      case "outputs":
        return this.outputs(lane);
      case "latent":
        return this.latent(lane);
    }
  }

  private async metrics(lane: RunLane): Promise<void> {
    const metrics = await lane.measure();
    if (metrics !== null) this.host.emit({ type: "metrics", rule: lane.rule, metrics });
  }

  private async outputs(lane: RunLane): Promise<void> {
    const indices = this.wanted.outputs;
    if (indices === null) return;
    const { rule, step } = lane;
    lane.outputsDue = false;
    const answer = lane.ask("outputs", (sim) => sim.outputs("test", indices));
    this.rest(lane);
    const values = await answer;
    if (this.wanted.outputs !== indices) return;
    if (values === null) lane.outputsDue = true;
    else this.host.emit({ type: "outputs", rule, step, indices, values });
  }

  private async latent(lane: RunLane): Promise<void> {
    const count = Math.min(this.wanted.latentCount, this.host.data()?.testCount ?? 0);
    const { rule, step } = lane;
    lane.latentDue = false;
    const answer = lane.ask("latent", (sim) => sim.latent("test", count));
    this.rest(lane);
    const values = await answer;
    if (values === null) lane.latentDue = true;
    else this.host.emit({ type: "latent", rule, step, count, values });
  }

  /** The pause between pictures begins when the last of them was asked for. */
  private rest(lane: RunLane): void {
    if (this.pictureOf(lane) === null) lane.lastReadout = this.host.now();
  }
}
