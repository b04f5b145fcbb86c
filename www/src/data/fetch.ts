/** Downloads with byte-accurate progress, a size limit and a message instead of a bare status. */

export interface Progress {
  /** Bytes so far. */
  readonly done: number;
  /** Bytes in all, or null when the server does not say. */
  readonly total: number | null;
}

/** No digit file we accept is larger; stops a hostile host from filling the memory. In bytes. */
export const MAX_BYTES = 512 * 1024 * 1024;

export class FetchError extends Error {
  constructor(
    message: string,
    /** The server's answer, or null when there was none. */
    readonly status: number | null,
  ) {
    super(message);
    this.name = "FetchError";
  }
}

/** Opens a URL; nothing but a success with a body is returned. */
export async function open(url: URL, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    // No cookies or referrer to other hosts: they only serve files.
    response = await fetch(url, {
      signal,
      credentials: "same-origin",
      referrerPolicy: "no-referrer",
    });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw new FetchError(
      "the server cannot be reached or does not allow this page to read it.",
      null,
    );
  }
  if (!response.ok || response.body === null) {
    throw new FetchError(`the server answered ${response.status}.`, response.status);
  }
  return response;
}

export function sizeOf(response: Response): number | null {
  // With a content encoding the length counts compressed bytes, while the stream is unpacked.
  if (response.headers.get("content-encoding") !== null) return null;
  const length = Number(response.headers.get("content-length"));
  return Number.isFinite(length) && length > 0 ? length : null;
}

/** The body, piece by piece as it comes; the next one waits for the reader of the last. */
export async function stream(
  url: URL,
  onPiece: (piece: Uint8Array, progress: Progress) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const response = await open(url, signal);
  const total = sizeOf(response);
  let done = 0;
  for await (const piece of read(response.body)) {
    done += piece.length;
    if (done > MAX_BYTES) throw new FetchError("the file is larger than 512 MB.", null);
    await onPiece(piece, { done, total });
  }
  if (total !== null && done !== total) {
    throw new FetchError(`the connection ended after ${done} of ${total} bytes.`, null);
  }
}

/** A stream as an async iterator (not every browser has that built in); releases it on early exit. */
export async function* read(
  stream: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, void> {
  if (stream === null) return;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
