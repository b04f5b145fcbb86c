import { describe, expect, it } from "vitest";
import { Frames } from "./frames";

/** A browser whose frames are asked for by hand and whose clock moves only when somebody works. */
function browser() {
  let clock = 0;
  let pending: (() => void) | null = null;
  const frames = new Frames(
    () => clock,
    (callback) => {
      pending = callback;
      return 1;
    },
    () => {
      pending = null;
    },
  );
  return {
    frames,
    work: (ms: number) => {
      clock += ms;
    },
    idle: () => pending === null,
    /** Runs one frame; returns the ms worked in it. */
    frame: () => {
      const before = clock;
      const callback = pending;
      pending = null;
      callback?.();
      return clock - before;
    },
  };
}

describe("Frames", () => {
  it("gives those that train equal turns, one a frame", () => {
    const b = browser();
    const turns = [0, 0, 0, 0];
    turns.forEach((_, i) => {
      const train = (): void => {
        b.work(9);
        turns[i] = (turns[i] ?? 0) + 1;
        b.frames.request(train);
      };
      b.frames.request(train);
    });
    for (let i = 0; i < 40; i++) expect(b.frame()).toBe(9);
    expect(turns).toEqual([10, 10, 10, 10]);
  });

  it("serves any number of short turns in one frame", () => {
    const b = browser();
    let served = 0;
    for (let i = 0; i < 8; i++) {
      b.frames.request(() => {
        b.work(0.1);
        served++;
      });
    }
    b.frame();
    expect(served).toBe(8);
    expect(b.idle()).toBe(true);
  });

  it("does not serve what was cancelled, during the same frame either", () => {
    const b = browser();
    let second = 0;
    const handles = [0, 0];
    handles[0] = b.frames.request(() => b.frames.cancel(handles[1] ?? 0));
    handles[1] = b.frames.request(() => second++);
    b.frame();
    expect(second).toBe(0);
    b.frames.cancel(b.frames.request(() => second++));
    expect(b.idle()).toBe(true);
  });

  it("goes on after one of them has failed", () => {
    const b = browser();
    let served = false;
    b.frames.request(() => {
      throw new Error("a bug");
    });
    b.frames.request(() => {
      served = true;
    });
    expect(() => b.frame()).toThrow("a bug");
    b.frame();
    expect(served).toBe(true);
  });
});
