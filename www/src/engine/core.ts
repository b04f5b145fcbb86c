/**
 * Loads the wasm module and presents it as `Core`. The only file that touches the generated glue.
 *
 * The module needs WebAssembly with 128-bit SIMD (every current browser since 2021-2023); its absence
 * is found by validating a seven-instruction module, so the reader gets a sentence, not a trap.
 */
import { type Progress, read, sizeOf } from "../data/fetch";
import init, * as glue from "../wasm/credit_lab.js";
import wasmUrl from "../wasm/credit_lab_bg.wasm?url";
import { sharedGpu } from "./device";
import type {
  Core,
  DatasetHandle,
  GpuHandle,
  LoaderHandle,
  RuleInfo,
  RunConfig,
  SimulatorHandle,
} from "./protocol";

/** `(module (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt))`, the usual probe for SIMD. */
const SIMD_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  10,
  1,
  8,
  0,
  65,
  0,
  253,
  15,
  253,
  98,
  11,
);

export type CoreFailure = "no-wasm" | "no-simd" | "load";

export class CoreLoadError extends Error {
  constructor(
    readonly reason: CoreFailure,
    detail: string,
  ) {
    super(detail);
    this.name = "CoreLoadError";
  }
}

/** What the generated classes offer beyond their instances; checked here against our own types. */
interface Glue {
  rules(): RuleInfo[];
  defaultConfig: Core["defaultConfig"];
  randomSeed(): number;
  version(): string;
  Dataset: { embedded(packed: Uint8Array): DatasetHandle };
  Loader: new () => LoaderHandle;
  Simulator: {
    new (config: RunConfig, data: DatasetHandle): SimulatorHandle;
    restore(blob: Uint8Array, data: DatasetHandle): SimulatorHandle;
  };
  Gpu: { request(): Promise<GpuHandle> };
}

async function watch(copy: Response, onProgress: (progress: Progress) => void): Promise<void> {
  const total = sizeOf(copy);
  let done = 0;
  for await (const chunk of read(copy.body)) {
    done += chunk.length;
    onProgress({ done, total });
  }
}

export async function loadCore(onProgress?: (progress: Progress) => void): Promise<Core> {
  if (typeof WebAssembly === "undefined")
    throw new CoreLoadError("no-wasm", "WebAssembly is missing");
  if (!WebAssembly.validate(SIMD_PROBE)) throw new CoreLoadError("no-simd", "no 128-bit SIMD");
  try {
    const response = await fetch(new URL(wasmUrl, import.meta.url));
    // Counted on a copy: browsers keep compiled code only with a response that nobody has touched.
    if (onProgress !== undefined) watch(response.clone(), onProgress).catch(() => undefined);
    await init({ module_or_path: response });
  } catch (thrown) {
    throw new CoreLoadError("load", thrown instanceof Error ? thrown.message : String(thrown));
  }
  const g = glue as unknown as Glue;
  return {
    rules: () => g.rules(),
    defaultConfig: (task, rule, optimizer) => g.defaultConfig(task, rule, optimizer),
    randomSeed: () => g.randomSeed(),
    version: () => g.version(),
    embedded: (packed) => g.Dataset.embedded(packed),
    loader: () => new g.Loader(),
    simulator: (config, data) => new g.Simulator(config, data),
    restore: (blob, data) => g.Simulator.restore(blob, data),
    gpu: sharedGpu(() => g.Gpu.request()),
  };
}
