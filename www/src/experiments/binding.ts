/**
 * The experiments' half of the generated glue; engine/core.ts loads the module and has the other half.
 *
 * A worker has a wasm memory of its own, so a data set travels as plain arrays and is put together there.
 */
import type { Preset } from "../../../crate/src/web/types";
import { glue } from "../engine/core";
import type { Core, DatasetHandle } from "../engine/protocol";

export type {
  Metric,
  Preset,
  PresetArm,
  PresetPanel,
  PresetReference,
  PresetTable,
} from "../../../crate/src/web/types";

/** A data set as arrays: images (n, rows, cols, channels) and labels (n,), bytes. */
export interface DataParts {
  readonly name: string;
  /** Rows, columns, channels, classes. */
  readonly shape: readonly [number, number, number, number];
  readonly trainImages: Uint8Array;
  readonly trainLabels: Uint8Array;
  readonly testImages: Uint8Array;
  readonly testLabels: Uint8Array;
}

interface Dataset extends DatasetHandle {
  readonly channels: number;
  images(split: "train" | "test"): Uint8Array;
}

interface Glue {
  presets(): Preset[];
  presetsFor(data: DatasetHandle): Preset[];
  syntheticDataset(inputs: number, classes: number, samples: number): DatasetHandle;
  Dataset: {
    fromParts(
      name: string,
      shape: Uint32Array,
      trainImages: Uint8Array,
      trainLabels: Uint8Array,
      testImages: Uint8Array,
      testLabels: Uint8Array,
    ): DatasetHandle;
  };
}

const own = (): Glue => glue() as unknown as Glue;

export const digitPresets = (): Preset[] => own().presets();

/** With networks that fit these pictures. */
export const presetsFor = (data: DatasetHandle): Preset[] => own().presetsFor(data);

export const synthetic = (inputs: number, classes: number, samples: number): DatasetHandle =>
  own().syntheticDataset(inputs, classes, samples);

export function takeApart(handle: DatasetHandle): DataParts {
  const data = handle as Dataset;
  return {
    name: data.name,
    shape: [data.rows, data.cols, data.channels, data.classes],
    trainImages: data.images("train"),
    trainLabels: data.labels("train"),
    testImages: data.images("test"),
    testLabels: data.labels("test"),
  };
}

export function putTogether(parts: DataParts): DatasetHandle {
  const { name, shape, trainImages, trainLabels, testImages, testLabels } = parts;
  const sizes = Uint32Array.from(shape);
  return own().Dataset.fromParts(name, sizes, trainImages, trainLabels, testImages, testLabels);
}

/** What a host of runs needs of the core. */
export interface RunCore extends Pick<Core, "simulator"> {
  putTogether(parts: DataParts): DatasetHandle;
}
