/**
 * The words between the page and whoever runs its jobs: a worker, or the page's own thread.
 *
 * Both ends check what arrives, since a message that nobody expected would otherwise be a silent stall.
 */
import { type CoreErrorCode, coreError, type Metrics, type RunConfig } from "../engine/protocol";
import type { DataParts } from "./binding";

/** Pictures of a run: activities of the first test samples in the code, outputs for listed ones. */
export interface PictureRequest {
  /** Test samples on the plane; 0 for no plane. */
  readonly latent: number;
  readonly samples: readonly number[];
}

/** One run. */
export interface Job {
  readonly id: number;
  readonly arm: string;
  readonly seed: number;
  readonly config: RunConfig;
  readonly steps: number;
  /** Steps between rows, see schedule.ts. */
  readonly every: number;
  readonly pictures: PictureRequest | null;
}

export type ToHost =
  | { readonly type: "data"; readonly parts: DataParts }
  | { readonly type: "run"; readonly job: Job }
  | { readonly type: "pause" }
  | { readonly type: "resume" };

export interface Pictures {
  readonly step: number;
  /** count × width of the code; null if not asked for. */
  readonly latent: Float32Array | null;
  readonly outputs: Float32Array;
}

export type FromHost =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | {
      readonly type: "progress";
      readonly id: number;
      readonly step: number;
      /** Time spent on the run, in ms, without pauses. */
      readonly ms: number;
      readonly rows: readonly Metrics[];
      readonly pictures: Pictures | null;
    }
  | { readonly type: "done"; readonly id: number }
  | {
      readonly type: "stopped";
      readonly id: number;
      readonly step: number;
      readonly code: CoreErrorCode;
      readonly message: string;
    };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

/** The message, or null if it is none of ours. */
export function readFromHost(value: unknown): FromHost | null {
  if (!isRecord(value)) return null;
  const { type, id } = value;
  const fits = ((): boolean => {
    switch (type) {
      case "ready":
        return true;
      case "failed":
        return typeof value.message === "string";
      case "progress":
        return (
          isNumber(id) &&
          isNumber(value.step) &&
          isNumber(value.ms) &&
          Array.isArray(value.rows) &&
          value.rows.every(
            (row) => isRecord(row) && isNumber(row.step) && Array.isArray(row.layers),
          )
        );
      case "done":
        return isNumber(id);
      case "stopped":
        return isNumber(id) && typeof value.message === "string" && typeof value.code === "string";
      default:
        return false;
    }
  })();
  return fits ? (value as unknown as FromHost) : null;
}

/** The message, or null if it is none of ours. */
export function readToHost(value: unknown): ToHost | null {
  if (!isRecord(value)) return null;
  const { type, job, parts } = value;
  const fits =
    type === "pause" ||
    type === "resume" ||
    (type === "data" && isRecord(parts) && parts.trainImages instanceof Uint8Array) ||
    (type === "run" &&
      isRecord(job) &&
      isNumber(job.id) &&
      isNumber(job.steps) &&
      isNumber(job.every) &&
      isRecord(job.config));
  return fits ? (value as unknown as ToHost) : null;
}

export function stoppedBy(thrown: unknown, id: number, step: number): FromHost {
  return { type: "stopped", id, step, ...coreError(thrown) };
}
