import { describe, expect, it } from "vitest";
import { EMPTY_CONFIG, withRate, withSetting } from "../config";
import { metricsAt, RULES } from "../testing/fake";
import { differences, finals, freeLetter, type Pin, packPin, thinned, unpackPin } from "./pins";

const pin: Pin = {
  letter: "A",
  config: withRate(withSetting(EMPTY_CONFIG, "seed", 7), "np", "c_h", 0.05),
  digits: "MNIST sample",
  steps: 20,
  rules: [{ rule: "np", frames: [metricsAt(0, 9), metricsAt(10, 4), metricsAt(20, 5)] }],
};

describe("a pinned run", () => {
  it("comes back as it was kept", () => {
    expect(unpackPin(packPin(pin), RULES)).toEqual(pin);
  });

  it("is refused when it is damaged", () => {
    const text = packPin(pin);
    for (const bad of [
      null,
      7,
      "",
      "{}",
      text.slice(0, -4),
      text.replace('"A"', '"AB"'),
      text.replace('"np"', '"nobody"'),
      text.replace('"step":10', '"step":-10'),
      text.replace('"step":20', '"step":5'),
    ]) {
      expect(unpackPin(bad, RULES), String(bad).slice(0, 40)).toBeNull();
    }
  });

  it("says what is different in it", () => {
    expect(differences(pin.config, EMPTY_CONFIG, RULES)).toEqual([
      "seed 7",
      expect.stringMatching(/of NP 0\.05$/),
    ]);
    expect(differences(EMPTY_CONFIG, pin.config, RULES)).toEqual([
      "seed 5",
      expect.stringMatching(/of NP at its default$/),
    ]);
    const view = withSetting(pin.config, "logLoss", true);
    expect(differences(view, pin.config, RULES), "how it is looked at").toEqual([]);
  });

  it("has its last and its best loss in the table", () => {
    expect(finals(pin.rules[0]?.frames ?? [])).toMatchObject({ steps: 20, loss: 5, best: 4 });
    expect(finals([])).toEqual({ steps: 0, loss: null, best: null, accuracy: null });
  });

  it("has as many points as can be seen, the last and the best among them", () => {
    const long = Array.from({ length: 1500 }, (_, i) => metricsAt(i, i === 701 ? 1 : 1000 + i));
    const few = thinned(long);
    expect(few.length).toBeLessThanOrEqual(400);
    expect(few.length).toBeGreaterThan(390);
    expect(few[0]?.step).toBe(0);
    expect(finals(few)).toMatchObject({ steps: 1499, best: 1 });
    expect(thinned(long.slice(0, 400))).toHaveLength(400);
  });

  it("takes the first free letter", () => {
    expect(freeLetter([])).toBe("A");
    expect(freeLetter([pin, { ...pin, letter: "C" }])).toBe("B");
  });
});
