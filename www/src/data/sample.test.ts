import { describe, expect, it, vi } from "vitest";
import type { DatasetHandle, PackedHandle } from "../engine/protocol";
import type { stream } from "./fetch";
import { SampleDigits } from "./sample";

const URL_ = new URL("https://example.org/data/mnist.bin");
const PIECES = [1, 2, 3, 4].map((n) => Uint8Array.of(n));

/** A file of four pieces; every second one ends a part of 100 images. */
function setUp() {
  const free = vi.fn();
  const freed = vi.fn();
  const whole = { free } as unknown as DatasetHandle;
  const early: DatasetHandle[] = [];
  const packed = vi.fn((): PackedHandle => {
    let pushed = 0;
    return {
      push: () => void pushed++,
      get images() {
        return 100 * Math.floor(pushed / 2);
      },
      dataset: () => {
        early.push({ free: vi.fn(), trainCount: 50 * pushed } as unknown as DatasetHandle);
        return early.at(-1) as DatasetHandle;
      },
      finish: () => {
        if (pushed < 4) throw new Error("cut off");
        return whole;
      },
      free: freed,
    };
  });
  const fetchAll = vi.fn<typeof stream>(async (_url, onPiece) => {
    for (const [i, piece] of PIECES.entries()) {
      await Promise.resolve();
      onPiece(piece, { done: i + 1, total: 4 });
    }
  });
  const sample = new SampleDigits({ packed }, URL_, fetchAll);
  return { free, freed, packed, early, fetchAll, sample };
}

describe("SampleDigits", () => {
  it("is loaded and unpacked once for all, and freed with the last", async () => {
    const { sample, fetchAll, packed, free, freed } = setUp();
    const seen = vi.fn();
    const [a, b] = await Promise.all([sample.take(seen), sample.take(seen)]);
    expect(a).toBe(b);
    expect(fetchAll).toHaveBeenCalledTimes(1);
    expect(packed).toHaveBeenCalledTimes(1);
    expect(freed).toHaveBeenCalledTimes(1);
    expect(seen).toHaveBeenLastCalledWith({ done: 4, total: 4 });
    expect(sample.release(a)).toBe(true);
    expect(free).not.toHaveBeenCalled();
    expect(sample.release(b)).toBe(true);
    expect(free).toHaveBeenCalledTimes(1);
    await sample.take(seen);
    expect(fetchAll).toHaveBeenCalledTimes(2);
  });

  it("has parts while the rest is on its way, as data sets that are their takers' own", async () => {
    const { sample, early } = setUp();
    expect(sample.early()).toBeNull();
    const counts: (number | null)[] = [];
    const taken: DatasetHandle[] = [];
    await sample.take(() => {
      const part = sample.early();
      if (part !== null) taken.push(part);
      counts.push(part?.trainCount ?? null);
    });
    expect(counts).toEqual([null, 100, 150, 200]);
    expect(taken).toEqual(early);
    for (const part of taken) expect(sample.release(part)).toBe(false);
    expect(sample.early()).toBeNull();
  });

  it("leaves other data alone", async () => {
    const { sample, free } = setUp();
    await sample.take(vi.fn());
    expect(sample.release({} as DatasetHandle)).toBe(false);
    expect(free).not.toHaveBeenCalled();
  });

  it("tries again after a failure", async () => {
    const { sample, fetchAll, freed } = setUp();
    fetchAll.mockImplementationOnce(async (_url, onPiece) => {
      onPiece(PIECES[0] as Uint8Array, { done: 1, total: 4 });
      onPiece(PIECES[1] as Uint8Array, { done: 2, total: 4 });
      throw new Error("offline");
    });
    await expect(sample.take(vi.fn())).rejects.toThrow("offline");
    expect(freed).toHaveBeenCalledTimes(1);
    expect(sample.early()).toBeNull();
    await expect(sample.take(vi.fn())).resolves.toBeDefined();
  });
});
