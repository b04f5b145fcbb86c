/**
 * Hands jobs to a few workers, in order, one each. Knows neither wasm nor the DOM: a worker is a port.
 *
 * A worker that never comes up is given up; if none does, the page's own thread takes the jobs in slices. A worker
 * that dies later loses its run, is replaced, and the others go on.
 */

import type { DataParts } from "./binding";
import { type FromHost, type Job, readFromHost, type ToHost } from "./jobs";

export interface Port {
  post(message: ToHost): void;
  close(): void;
}

export interface PortEvents {
  message(value: unknown): void;
  error(message: string): void;
}

export type MakePort = (events: PortEvents) => Port;

export interface PoolHost {
  /** Makes a worker, or throws where there are none. */
  readonly worker: MakePort;
  /** The same on the page's own thread. */
  readonly local: MakePort;
  readonly size: number;
  onMessage(message: Extract<FromHost, { id: number }>): void;
  onStart(job: Job): void;
  /** Workers could not be made. */
  onLocal(): void;
  onIdle(): void;
}

interface Seat {
  port: Port;
  local: boolean;
  state: "starting" | "idle" | "busy" | "gone";
  job: Job | null;
}

/** What else the page does needs a core as well. */
export function poolSize(cores: number | undefined, dataBytes: number): number {
  const most = Math.min(Math.max(1, (cores ?? 2) - 1), 4);
  // Every worker keeps the data twice for a moment, once in its own wasm memory.
  return Math.max(1, Math.min(most, Math.floor(ROOM / Math.max(1, dataBytes))));
}

/** Bytes of data that all workers together may hold. */
const ROOM = 640e6;

export class Pool {
  private seats: Seat[] = [];
  private waiting: Job[] = [];
  private paused = false;
  private onThread = false;
  private closed = false;
  private everReady = false;

  constructor(
    private readonly host: PoolHost,
    private readonly parts: DataParts,
  ) {}

  get local(): boolean {
    return this.onThread;
  }

  /** Runs that are being worked on. */
  get active(): number {
    return this.seats.filter((seat) => seat.state === "busy").length;
  }

  get workers(): number {
    return this.seats.filter((seat) => seat.state !== "gone").length;
  }

  start(jobs: readonly Job[]): void {
    this.waiting = [...jobs];
    const wanted = Math.min(this.host.size, jobs.length);
    for (let i = 0; i < wanted && !this.onThread; i++) this.open();
  }

  pause(): void {
    this.paused = true;
    for (const seat of this.seats) if (seat.state !== "gone") seat.port.post({ type: "pause" });
  }

  resume(): void {
    this.paused = false;
    for (const seat of this.seats) {
      if (seat.state === "gone") continue;
      seat.port.post({ type: "resume" });
      if (seat.state === "idle") this.next(seat);
    }
  }

  close(): void {
    this.closed = true;
    for (const seat of this.seats) seat.port.close();
    this.seats = [];
    this.waiting = [];
  }

  private open(): void {
    if (this.closed) return;
    try {
      this.seat(this.host.worker, false);
    } catch {
      this.fallBack();
    }
  }

  private seat(make: MakePort, local: boolean): void {
    const seat: Seat = {
      port: { post: () => undefined, close: () => undefined },
      local,
      state: "starting",
      job: null,
    };
    seat.port = make({
      message: (value) => this.receive(seat, value),
      error: (message) => this.lose(seat, message),
    });
    this.seats.push(seat);
  }

  private fallBack(): void {
    if (this.onThread || this.closed) return;
    this.onThread = true;
    this.host.onLocal();
    this.seat(this.host.local, true);
  }

  private receive(seat: Seat, value: unknown): void {
    if (this.closed || seat.state === "gone") return;
    const message = readFromHost(value);
    if (message === null) return;
    switch (message.type) {
      case "ready":
        this.everReady = true;
        seat.state = "idle";
        seat.port.post({ type: "data", parts: this.parts });
        if (this.paused) seat.port.post({ type: "pause" });
        this.next(seat);
        return;
      case "failed":
        this.lose(seat, message.message);
        return;
    }
    if (seat.job?.id !== message.id) return;
    this.host.onMessage(message);
    if (message.type === "progress") return;
    seat.job = null;
    seat.state = "idle";
    // A trap leaves the worker's memory in no known state.
    if (message.type === "stopped" && message.code === "internal" && !seat.local)
      this.replace(seat);
    else this.next(seat);
    this.settle();
  }

  private next(seat: Seat): void {
    if (this.paused) return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    seat.state = "busy";
    seat.job = job;
    this.host.onStart(job);
    seat.port.post({ type: "run", job });
  }

  private lose(seat: Seat, why: string): void {
    if (this.closed || seat.state === "gone") return;
    const { job, state } = seat;
    this.remove(seat);
    if (state === "starting" || !this.everReady) {
      if (seat.local) this.giveUp(why);
      else if (this.seats.length === 0) this.fallBack();
      return;
    }
    if (job !== null) {
      const { id } = job;
      this.host.onMessage({ type: "stopped", id, step: 0, code: "internal", message: why });
    }
    if (this.waiting.length > 0) this.open();
    this.settle();
  }

  private replace(seat: Seat): void {
    this.remove(seat);
    if (this.waiting.length > 0) this.open();
  }

  private remove(seat: Seat): void {
    seat.state = "gone";
    seat.port.close();
    this.seats = this.seats.filter((other) => other !== seat);
  }

  /** Nobody can run anything. */
  private giveUp(message: string): void {
    for (const { id } of this.waiting.splice(0)) {
      this.host.onMessage({ type: "stopped", id, step: 0, code: "internal", message });
    }
    this.settle();
  }

  private settle(): void {
    if (this.waiting.length === 0 && this.active === 0) this.host.onIdle();
  }
}
