/**
 * The packed digits that come with the page: downloaded and unpacked once for all instruments, and
 * freed when the last of them has gone over to other images.
 */
import type { Core, DatasetHandle } from "../engine/protocol";
import { download, type Progress } from "./fetch";

/** `null`: the download is complete, unpacking begins. */
export type OnSampleProgress = (progress: Progress | null) => void;

export class SampleDigits {
  private loading: Promise<DatasetHandle> | null = null;
  private data: DatasetHandle | null = null;
  private users = 0;
  private readonly watchers = new Set<OnSampleProgress>();

  constructor(
    private readonly core: Pick<Core, "embedded">,
    private readonly url: URL,
    private readonly fetchAll: typeof download = download,
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
    try {
      // Nobody's own signal: one instrument that turns to other images must not take these from the rest.
      const packed = await this.fetchAll(this.url, tell, new AbortController().signal);
      tell(null);
      // One frame for the message before decompression holds the thread for a moment.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.data = this.core.embedded(packed);
      return this.data;
    } catch (thrown) {
      // The next to ask tries again.
      this.loading = null;
      throw thrown;
    }
  }
}
