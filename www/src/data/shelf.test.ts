import { describe, expect, it } from "vitest";
import { asKept, CURVE, cleanName, LATEST, MAX_RUN, Shelf, ShelfError, thumbnail } from "./shelf";

const good = {
  id: "a1",
  name: "mine",
  made: 1_700_000_000_000,
  rules: ["np", "bp"],
  steps: 1200,
  bytes: 5000,
  curve: { np: [1, 0.5, 0], bp: [0.2] },
};

describe("a record of the list", () => {
  it("is taken as the page wrote it", () => {
    expect(asKept(good)).toEqual(good);
  });

  it("is refused when no page wrote it", () => {
    for (const bad of [
      null,
      "run",
      { ...good, id: 7 },
      { ...good, name: "x".repeat(61) },
      { ...good, made: Number.NaN },
      { ...good, made: 1e18 },
      { ...good, rules: [] },
      { ...good, rules: ["<b>"] },
      { ...good, steps: -1 },
      { ...good, bytes: 1e15 },
    ]) {
      expect(asKept(bad), JSON.stringify(bad)).toBeNull();
    }
  });

  it("loses a curve that makes no sense, not the run", () => {
    const odd = asKept({ ...good, curve: { np: [0.5, "x", 7, Number.NaN], bp: "no", other: [1] } });
    expect(odd?.curve).toEqual({ np: [0.5] });
    expect(asKept({ ...good, curve: null })?.curve).toEqual({});
  });
});

describe("small curves", () => {
  it("share one scale and have few points", () => {
    const long = Array.from({ length: 500 }, (_, i) => 1000 - i);
    const made = thumbnail({ np: long, bp: [501, 501] });
    expect(made.np?.length).toBe(CURVE);
    expect(made.np?.at(-1)).toBe(0);
    expect(made.bp?.[0]).toBe(0);
    expect(asKept({ ...good, curve: made })?.curve).toEqual(made);
  });

  it("survive a run without points, or with one value only", () => {
    expect(thumbnail({ np: [] })).toEqual({ np: [] });
    expect(thumbnail({ np: [3, 3] })).toEqual({ np: [0.5, 0.5] });
    expect(thumbnail({ np: [Number.NaN, 2] })).toEqual({ np: [0.5] });
  });
});

describe("names", () => {
  it("are one line of bounded length", () => {
    expect(cleanName(`  a\n b\t${"c".repeat(99)}`)).toBe(`a b ${"c".repeat(56)}`);
  });
});

describe("a browser that keeps nothing", () => {
  it("is said in a sentence, wherever it refuses", async () => {
    const throws = new Shelf(() => {
      throw new Error("SecurityError");
    });
    await expect(throws.list()).rejects.toThrow(ShelfError);
    const refuses = new Shelf(
      () =>
        ({
          open: () => {
            const request: { onerror?: () => void } = {};
            queueMicrotask(() => request.onerror?.());
            return request;
          },
        }) as unknown as IDBFactory,
    );
    await expect(refuses.pins()).rejects.toThrow(/keep nothing/);
  });

  it("is said when there is no more room, and when a run is too large", async () => {
    /** A database whose every write is turned down. */
    const full = {
      open: () => {
        const request: { onsuccess?: () => void; result: unknown } = {
          result: {
            transaction: () => {
              const transaction: { onabort?: () => void; [key: string]: unknown } = {
                error: new DOMException("no room", "QuotaExceededError"),
                objectStore: () => ({ put: () => ({}), getAll: () => ({}), delete: () => ({}) }),
                commit: () => undefined,
              };
              queueMicrotask(() => transaction.onabort?.());
              return transaction;
            },
          },
        };
        queueMicrotask(() => request.onsuccess?.());
        return request;
      },
    };
    const shelf = new Shelf(() => full as unknown as IDBFactory);
    await expect(shelf.put({ ...good, id: LATEST }, new Uint8Array(8))).rejects.toThrow(
      /no more room/,
    );
    const huge = { length: MAX_RUN + 1 } as Uint8Array;
    await expect(shelf.put(good, huge)).rejects.toThrow(/one run may take 268\.4 MB/);
  });
});
