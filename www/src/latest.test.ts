import { describe, expect, it } from "vitest";
import { Latest } from "./latest";
import { settled } from "./testing/fake";

describe("Latest", () => {
  function setup() {
    const open: { question: number; answer: (value: string) => void }[] = [];
    const taken: string[] = [];
    const latest = new Latest<number, string>(
      (question) => new Promise((answer) => open.push({ question, answer })),
      (answer, question) => taken.push(`${question}: ${answer}`),
    );
    return { latest, open, taken };
  }

  it("has one question under way and skips all but the newest that waits", async () => {
    const { latest, open, taken } = setup();
    for (const n of [1, 2, 3, 4]) latest.ask(n);
    expect(open.map((o) => o.question)).toEqual([1]);
    open[0]?.answer("a");
    await settled();
    expect(open.map((o) => o.question)).toEqual([1, 4]);
    open[1]?.answer("b");
    await settled();
    latest.ask(5);
    expect(open).toHaveLength(3);
    expect(taken).toEqual(["1: a", "4: b"]);
  });

  it("takes nothing after it was stopped", async () => {
    const { latest, open, taken } = setup();
    latest.ask(1);
    latest.ask(2);
    latest.stop();
    open[0]?.answer("a");
    await settled();
    latest.ask(3);
    expect(open).toHaveLength(1);
    expect(taken).toEqual([]);
  });
});
