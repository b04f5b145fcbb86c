import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Follow } from "./follow";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A view that asks for whatever it is set to, and notes what it was given. */
function view(answers: () => Promise<string | null>) {
  const state = { what: "a", stamp: "1", taken: [] as string[], asked: 0 };
  const follow = new Follow(() => refresh());
  const refresh = (): void =>
    follow.ask(
      state.what,
      state.stamp,
      () => {
        state.asked++;
        return answers();
      },
      (answer) => state.taken.push(answer),
    );
  return { state, follow, refresh };
}
const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(1);
};

describe("following a run", () => {
  it("asks once for what has not changed", async () => {
    const { state, refresh } = view(async () => "x");
    refresh();
    await settle();
    refresh();
    await settle();
    expect(state).toMatchObject({ asked: 1, taken: ["x"] });
  });

  it("waits before it looks again, but not for something else", async () => {
    const { state, refresh } = view(async () => "x");
    refresh();
    await settle();
    state.stamp = "2";
    refresh();
    await settle();
    expect(state.asked).toBe(1);
    state.what = "b";
    refresh();
    await settle();
    expect(state.asked).toBe(2);
    state.stamp = "3";
    refresh();
    await vi.advanceTimersByTimeAsync(2100);
    expect(state.asked).toBe(3);
  });

  it("does not go on by itself when nobody asks any more", async () => {
    const { state, refresh } = view(async () => {
      state.stamp += "1";
      return "x";
    });
    refresh();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(state.asked).toBe(1);
  });

  it("asks for what was chosen while an answer was under way", async () => {
    let finish = (_: string): void => {};
    const { state, refresh } = view(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    refresh();
    await settle();
    state.what = "b";
    refresh();
    finish("of a");
    await settle();
    finish("of b");
    await settle();
    expect(state).toMatchObject({ asked: 2, taken: ["of a", "of b"] });
  });

  it("takes nothing after it was stopped, and tries again where there is no run yet", async () => {
    let answer: string | null = null;
    const { state, refresh, follow } = view(async () => answer);
    refresh();
    await settle();
    answer = "x";
    refresh();
    await settle();
    expect(state.taken).toEqual(["x"]);
    state.what = "b";
    refresh();
    follow.stop();
    await settle();
    expect(state.taken).toEqual(["x"]);
  });
});
