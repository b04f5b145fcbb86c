import { describe, expect, it, vi } from "vitest";
import type { DatasetHandle } from "../engine/protocol";
import { SampleDigits } from "./sample";

const URL_ = new URL("https://example.org/data/mnist.bin");

function setUp(fetchAll = vi.fn(async () => Uint8Array.of(1))) {
  const free = vi.fn();
  const embedded = vi.fn(() => ({ free }) as unknown as DatasetHandle);
  return { free, embedded, fetchAll, sample: new SampleDigits({ embedded }, URL_, fetchAll) };
}

describe("SampleDigits", () => {
  it("is loaded and unpacked once for all, and freed with the last", async () => {
    const { sample, fetchAll, embedded, free } = setUp();
    const seen = vi.fn();
    const [a, b] = await Promise.all([sample.take(seen), sample.take(seen)]);
    expect(a).toBe(b);
    expect(fetchAll).toHaveBeenCalledTimes(1);
    expect(embedded).toHaveBeenCalledTimes(1);
    expect(seen).toHaveBeenCalledWith(null);
    expect(sample.release(a)).toBe(true);
    expect(free).not.toHaveBeenCalled();
    expect(sample.release(b)).toBe(true);
    expect(free).toHaveBeenCalledTimes(1);
    await sample.take(seen);
    expect(fetchAll).toHaveBeenCalledTimes(2);
  });

  it("leaves other data alone", async () => {
    const { sample, free } = setUp();
    await sample.take(vi.fn());
    expect(sample.release({} as DatasetHandle)).toBe(false);
    expect(free).not.toHaveBeenCalled();
  });

  it("tries again after a failure", async () => {
    const fetchAll = vi.fn(async () => Uint8Array.of(1));
    fetchAll.mockRejectedValueOnce(new Error("offline"));
    const { sample } = setUp(fetchAll);
    await expect(sample.take(vi.fn())).rejects.toThrow("offline");
    await expect(sample.take(vi.fn())).resolves.toBeDefined();
  });
});
