/**
 * Loads the wasm module and presents it as `Core`. The only file that touches the generated glue.
 *
 * There are two: with 128-bit SIMD, which every browser has had since 2021 to 2023, and without, which is fetched
 * only where there is none. Both compute the same bits.
 */
import { type Progress, read, sizeOf } from "../data/fetch";
import * as simdGlue from "../wasm/credit_lab.js";
import wasmUrl from "../wasm/credit_lab_bg.wasm?url";
import { sharedGpu } from "./device";
import type {
  Core,
  DatasetHandle,
  GpuHandle,
  LoaderHandle,
  PackedHandle,
  RuleInfo,
  RunConfig,
  SimulatorHandle,
} from "./protocol";
import { hasSimd } from "./simd";

export type CoreFailure = "no-wasm" | "load";

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
  PackedLoader: new () => PackedHandle;
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

/** The generated glue of the module that was loaded. */
let loaded: typeof simdGlue = simdGlue;
export const glue = (): typeof simdGlue => loaded;

/** The module that this browser can run, and the glue of it. */
async function choose(): Promise<{ module: typeof simdGlue; url: string }> {
  if (hasSimd()) return { module: simdGlue, url: wasmUrl };
  const [module, { default: url }] = await Promise.all([
    import("../wasm-scalar/credit_lab_scalar.js"),
    import("../wasm-scalar/credit_lab_scalar_bg.wasm?url"),
  ]);
  return { module: module as unknown as typeof simdGlue, url };
}

export async function loadCore(onProgress?: (progress: Progress) => void): Promise<Core> {
  if (typeof WebAssembly === "undefined")
    throw new CoreLoadError("no-wasm", "WebAssembly is missing");
  try {
    const { module, url } = await choose();
    loaded = module;
    const response = await fetch(new URL(url, import.meta.url));
    // Counted on a copy: browsers keep compiled code only with a response that nobody has touched.
    if (onProgress !== undefined) watch(response.clone(), onProgress).catch(() => undefined);
    await loaded.default({ module_or_path: response });
  } catch (thrown) {
    throw new CoreLoadError("load", thrown instanceof Error ? thrown.message : String(thrown));
  }
  const g = loaded as unknown as Glue;
  return {
    rules: () => g.rules(),
    defaultConfig: (task, rule, optimizer) => g.defaultConfig(task, rule, optimizer),
    randomSeed: () => g.randomSeed(),
    version: () => g.version(),
    packed: () => new g.PackedLoader(),
    loader: () => new g.Loader(),
    simulator: (config, data) => new g.Simulator(config, data),
    restore: (blob, data) => g.Simulator.restore(blob, data),
    gpu: sharedGpu(() => g.Gpu.request()),
  };
}
