/**
 * What all instruments of one page share: the wasm module, the GPU that belongs to it, the packed digits,
 * the frames in which they train and the queue that draws. The only module-level state of the page.
 */
import { DrawQueue } from "../charts/queue";
import type { Progress } from "../data/fetch";
import { SampleDigits } from "../data/sample";
import { loadCore } from "../engine/core";
import { Frames } from "../engine/frames";
import type { Core } from "../engine/protocol";

export interface Shared {
  readonly core: Core;
  readonly frames: Frames;
  readonly queue: DrawQueue;
  readonly sample: SampleDigits;
}

let loading: Promise<Shared> | null = null;
const watchers = new Set<(progress: Progress) => void>();

/** `base`: the folder that holds `data/`. The first to ask decides; a failure is not kept. */
export function pageShared(base: URL, onProgress: (progress: Progress) => void): Promise<Shared> {
  watchers.add(onProgress);
  loading ??= loadCore((progress) => {
    for (const watcher of watchers) watcher(progress);
  }).then(
    (core) => share(core, new URL("data/mnist-10k.bin", base)),
    (thrown: unknown) => {
      loading = null;
      throw thrown;
    },
  );
  return loading.finally(() => watchers.delete(onProgress));
}

function share(core: Core, sampleUrl: URL): Shared {
  const now = (): number => performance.now();
  const request = (callback: () => void): number => requestAnimationFrame(callback);
  const cancel = (handle: number): void => cancelAnimationFrame(handle);
  return {
    core,
    frames: new Frames(now, request, cancel),
    queue: new DrawQueue(now, request, cancel),
    sample: new SampleDigits(core, sampleUrl),
  };
}
