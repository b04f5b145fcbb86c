/**
 * Feeds data files, from disk or from a URL, into the core's streaming loader.
 *
 * The core decodes and checks; this file only moves bytes: in pieces small enough that the page stays
 * responsive, with progress, and with the name of the file that was at fault. Loaded data are never
 * touched here: a new data set either comes out complete, or an error does.
 */
import type { DatasetHandle, LoaderHandle } from "../engine/protocol";
import { coreError } from "../engine/protocol";
import { MAX_BYTES, read } from "./fetch";

/** A named stream of bytes: a `File` or one response. */
export interface Source {
  readonly name: string;
  readonly size: number | null;
  stream(): Promise<ReadableStream<Uint8Array>>;
}

export interface FileProgress {
  readonly name: string;
  readonly done: number;
  readonly total: number | null;
}

export class DataError extends Error {
  constructor(
    /** The file at fault; null when the files are fine but do not fit together. */
    readonly file: string | null,
    message: string,
  ) {
    super(message);
    this.name = "DataError";
  }
}

/** Bytes handed to the core at once: about 2 ms of decompression. */
const PIECE = 256 * 1024;
/** Longest stretch of decoding before input is served again, in ms. */
const SLICE_MS = 12;

export interface Pause {
  now(): number;
  /** Resolves after pending input has been handled. */
  breathe(): Promise<void>;
}

export const browserPause: Pause = {
  now: () => performance.now(),
  breathe: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

export function fromFile(file: File): Source {
  return { name: file.name, size: file.size, stream: async () => file.stream() };
}

/** Loads every source in turn, also of those that are only found on the way. Throws `DataError` at the first file that is not what it should be. */
export async function feed(
  loader: LoaderHandle,
  sources: Iterable<Source> | AsyncIterable<Source>,
  onProgress: (progress: FileProgress) => void,
  signal: AbortSignal,
  pause: Pause = browserPause,
): Promise<void> {
  for await (const source of sources) {
    if (source.size !== null && source.size > MAX_BYTES) {
      throw new DataError(source.name, "the file is larger than 512 MB.");
    }
    await feedOne(loader, source, onProgress, signal, pause);
  }
}

async function feedOne(
  loader: LoaderHandle,
  source: Source,
  onProgress: (progress: FileProgress) => void,
  signal: AbortSignal,
  pause: Pause,
): Promise<void> {
  const stream = await source.stream();
  let done = 0;
  let since = pause.now();
  onProgress({ name: source.name, done, total: source.size });
  check(source.name, () => loader.begin(source.name));
  for await (const chunk of read(stream)) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      signal.throwIfAborted();
      const piece = chunk.subarray(at, at + PIECE);
      check(source.name, () => loader.push(piece));
      done += piece.length;
      if (done > MAX_BYTES) throw new DataError(source.name, "the file is larger than 512 MB.");
      if (pause.now() - since > SLICE_MS) {
        onProgress({ name: source.name, done, total: source.size });
        await pause.breathe();
        since = pause.now();
      }
    }
  }
  check(source.name, () => loader.end());
  onProgress({ name: source.name, done, total: source.size });
}

/** The finished set; call when `loader.missing()` is empty. */
export function finish(loader: LoaderHandle): DatasetHandle {
  try {
    return loader.finish();
  } catch (thrown) {
    throw new DataError(null, sentence(coreError(thrown).message));
  }
}

function check(file: string, action: () => unknown): void {
  try {
    action();
  } catch (thrown) {
    throw new DataError(file, sentence(coreError(thrown).message));
  }
}

/** Core messages are clauses or sentences; inside ours they end with a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
