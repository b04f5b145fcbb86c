/**
 * Which data an experiment runs on: what the reader has loaded in the simulator where it fits, else the digits that
 * come with the page, else samples drawn at random.
 */
import { loadSample } from "../data/sample";
import type { Core, DatasetHandle } from "../engine/protocol";
import { type DataParts, type Preset, presetsFor, synthetic, takeApart } from "./binding";

export interface LabData {
  /** What the simulator has loaded, or null. */
  current(): DatasetHandle | null;
  /** Called when that changes. */
  onChange(listener: () => void): void;
}

/** The archive to get, by what a preset needs. */
export const CIFAR: Readonly<Record<string, { name: string; file: string; classes: number }>> = {
  cifar10: { name: "CIFAR-10", file: "cifar-10-binary.tar.gz", classes: 10 },
  cifar100: { name: "CIFAR-100", file: "cifar-100-binary.tar.gz", classes: 100 },
};

type Shape = readonly [number, number, number, number];

/** `shape`: rows, columns, channels, classes. */
export function fits(needs: Preset["data"], [rows, cols, channels, classes]: Shape): boolean {
  if (typeof needs !== "string") return true;
  if (needs === "mnist") return rows * cols === 784 && channels === 1 && classes === 10;
  return channels === 3 && classes === CIFAR[needs]?.classes;
}

const shapeOf = (data: DatasetHandle): Shape => {
  const { rows, cols, classes } = data;
  const channels = "channels" in data ? Number(data.channels) : 1;
  return [rows, cols, channels, classes];
};

export class DataSource {
  private packed: Promise<DatasetHandle> | null = null;

  constructor(
    private readonly core: Core,
    private readonly lab: LabData,
    private readonly sample: URL,
  ) {}

  /** The preset with networks and arms that fit the data which a start would use now. */
  look(preset: Preset): Preset {
    const current = this.usable(preset.data);
    if (preset.data === "mnist" || typeof preset.data !== "string" || current === null)
      return preset;
    return presetsFor(current).find(({ id }) => id === preset.id) ?? preset;
  }

  /** Would a start use other data than these? */
  stale(preset: Preset, parts: DataParts): boolean {
    const current = this.usable(preset.data);
    if (current === null) return false;
    return current.name !== parts.name || current.trainCount !== parts.trainLabels.length;
  }

  /** The data's bytes. */
  async take({ data: needs }: Preset): Promise<DataParts> {
    if (typeof needs === "string") return takeApart(this.usable(needs) ?? (await this.digits()));
    const { inputs, classes, samples } = needs.synthetic;
    const data = synthetic(inputs, classes, samples);
    try {
      return takeApart(data);
    } finally {
      data.free();
    }
  }

  /** What the simulator has loaded, if the experiment can do with it: colours only where it is about colours. */
  private usable(needs: Preset["data"]): DatasetHandle | null {
    const current = this.lab.current();
    if (typeof needs !== "string" || current === null) return null;
    const [rows, cols, channels, classes] = shapeOf(current);
    const digits = fits("mnist", [rows, cols, channels, classes]);
    return digits || (needs !== "mnist" && channels === 3) ? current : null;
  }

  private digits(): Promise<DatasetHandle> {
    this.packed ??= loadSample(this.core.packed(), this.sample, () => undefined);
    // A failed download may be tried again.
    this.packed.catch(() => {
      this.packed = null;
    });
    return this.packed;
  }
}
