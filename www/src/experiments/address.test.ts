import { describe, expect, it } from "vitest";
import { readAddress, writeAddress } from "./address";

const known = [{ id: "fig2", seeds: 5 }];
const read = (query: string) => readAddress((name) => new URLSearchParams(query).get(name), known);

describe("an experiment in the address", () => {
  it("is taken as written", () => {
    expect(read("preset=fig2&seeds=3&steps=20000")).toEqual({
      wanted: { preset: "fig2", seeds: 3, steps: 20_000 },
      problems: [],
    });
    expect(read("preset=fig2").wanted).toEqual({ preset: "fig2", seeds: null, steps: null });
    expect(read("seeds=3")).toEqual({ wanted: null, problems: [] });
  });

  it("is clamped with a word about it", () => {
    expect(read("preset=fig2&seeds=99&steps=-4")).toEqual({
      wanted: { preset: "fig2", seeds: 5, steps: 1 },
      problems: [
        { key: "seeds", given: "99", used: 5 },
        { key: "steps", given: "-4", used: 1 },
      ],
    });
    expect(read("preset=fig2&steps=many").problems).toEqual([
      { key: "steps", given: "many", used: null },
    ]);
  });

  it("that nobody knows is not guessed at", () => {
    const hostile = `<img src=x>${"y".repeat(99)}\u202e`;
    const { wanted, problems } = read(`preset=${encodeURIComponent(hostile)}`);
    expect(wanted).toBeNull();
    expect(problems[0]?.given.length).toBeLessThanOrEqual(40);
    expect(read("preset=constructor").wanted).toBeNull();
  });

  it("is written beside what else is there, and taken out again", () => {
    const written = writeAddress("?data=x&preset=old", { preset: "fig2", seeds: 3, steps: 100 });
    expect(written).toBe("?data=x&preset=fig2&seeds=3&steps=100");
    expect(writeAddress(written, null)).toBe("?data=x");
    expect(writeAddress("?preset=fig2", null)).toBe("");
  });
});
