/**
 * The packed digits that come with the page: downloaded and unpacked once for all instruments, and
 * freed when the last of them has gone over to other images. They come in parts, each a random sample
 * of all, and whoever cannot wait may have those that are there.
 */
import type { Core, DatasetHandle, PackedHandle } from "../engine/protocol";
import { type Progress, stream } from "./fetch";

export type OnSampleProgress = (progress: Progress) => void;

export class SampleDigits {
  private loading: Promise<DatasetHandle> | null = null;
  private data: DatasetHandle | null = null;
  /** What has arrived, until it is complete. */
  private packed: PackedHandle | null = null;
  private users = 0;
  private readonly watchers = new Set<OnSampleProgress>();

  constructor(
    private readonly core: Pick<Core, "packed">,
    private readonly url: URL,
    private readonly fetchAll: typeof stream = stream,
  ) {}

  /** Whoever takes the digits gives them back with `release`. */
  async take(onProgress: OnSampleProgress): Promise<DatasetHandle> {
    this.watchers.add(onProgress);
    this.loading ??= this.load();
    try {
      const data = await this.loading;
      this.users++;
      return data;
    } finally {
      this.watchers.delete(onProgress);
    }
  }

  /** The parts that have arrived, as a data set that is the caller's own; null before the first, and after the last. */
  early(): DatasetHandle | null {
    return (this.packed?.images ?? 0) > 0 ? (this.packed?.dataset() ?? null) : null;
  }

  /** False when `data` is not the sample, and so none of ours. */
  release(data: DatasetHandle): boolean {
    if (data !== this.data) return false;
    this.users--;
    if (this.users === 0) {
      this.data.free();
      this.data = null;
      this.loading = null;
    }
    return true;
  }

  private async load(): Promise<DatasetHandle> {
    const tell: OnSampleProgress = (progress) => {
      for (const watcher of this.watchers) watcher(progress);
    };
    const packed = this.core.packed();
    this.packed = packed;
    try {
      this.data = await loadSample(packed, this.url, tell, this.fetchAll);
      return this.data;
    } catch (thrown) {
      // The next to ask tries again.
      this.loading = null;
      throw thrown;
    } finally {
      this.packed = null;
    }
  }
}

/** Compressed bytes that are unpacked at a time, in a few ms. */
const SLICE = 64 * 1024;
/** The page gets a breath after so many ms of unpacking: it is opening, and somebody may be scrolling. */
const BREATH_MS = 8;

/** Fills `packed` from a URL and frees it. */
export async function loadSample(
  packed: PackedHandle,
  url: URL,
  onProgress: OnSampleProgress,
  fetchAll: typeof stream = stream,
): Promise<DatasetHandle> {
  let since = performance.now();
  const take = async (piece: Uint8Array, progress: Progress): Promise<void> => {
    for (let at = 0; at < piece.length; at += SLICE) {
      packed.push(piece.subarray(at, at + SLICE));
      if (performance.now() - since < BREATH_MS) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      since = performance.now();
    }
    onProgress(progress);
  };
  try {
    // Nobody's own signal: one instrument that turns to other images must not take these from the rest.
    await fetchAll(url, take, new AbortController().signal);
    return packed.finish();
  } finally {
    packed.free();
  }
}
