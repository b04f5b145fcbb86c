import { describe, expect, it } from "vitest";
import { readCommand } from "./messages";
import { readOrigin, trustedOrigin } from "./origin";

describe("readCommand", () => {
  it("reads the commands", () => {
    expect(readCommand({ type: "credit-lab:run" })).toEqual({ type: "run" });
    expect(readCommand({ type: "credit-lab:step" })).toEqual({ type: "step", n: 1 });
    expect(readCommand({ type: "credit-lab:step", n: 500 })).toEqual({ type: "step", n: 500 });
    const set = readCommand({
      type: "credit-lab:set",
      attributes: { rules: "np,bp", "np.eta_w": "1e-4", seed: null, "hidden-layers": "30" },
    });
    expect(set).toEqual({
      type: "set",
      attributes: new Map([
        ["rules", "np,bp"],
        ["np.eta_w", "1e-4"],
        ["seed", null],
        ["hidden-layers", "30"],
      ]),
    });
  });

  it.each([
    ["nothing", null],
    ["a string", "credit-lab:run"],
    ["an array", [{ type: "credit-lab:run" }]],
    ["another's message", { type: "webpack:run" }],
    ["no such command", { type: "credit-lab:eval" }],
    ["a type that is no string", { type: ["credit-lab:run"] }],
    ["more than it says", { type: "credit-lab:run", extra: "x" }],
    ["no steps", { type: "credit-lab:step", n: 0 }],
    ["endless steps", { type: "credit-lab:step", n: 1e9 }],
    ["steps that are no number", { type: "credit-lab:step", n: "5" }],
    ["no attributes", { type: "credit-lab:set", attributes: {} }],
    ["an event handler", { type: "credit-lab:set", attributes: { onclick: "alert(1)" } }],
    ["a style", { type: "credit-lab:set", attributes: { style: "color: red" } }],
    ["another parent", { type: "credit-lab:set", attributes: { parent: "https://evil.example" } }],
    ["a whole address", { type: "credit-lab:set", attributes: { params: "seed=1" } }],
    ["a value that is no text", { type: "credit-lab:set", attributes: { seed: 5 } }],
    ["a long value", { type: "credit-lab:set", attributes: { rules: "x".repeat(2000) } }],
    [
      "many attributes",
      {
        type: "credit-lab:set",
        attributes: Object.fromEntries(
          Array.from({ length: 40 }, (_, i) => [`a.${"x".repeat(i)}`, ""]),
        ),
      },
    ],
  ])("takes no notice of %s", (_, data) => {
    expect(readCommand(data)).toBeNull();
  });
});

describe("origins", () => {
  it("accepts an origin as browsers write it, and nothing that only resembles one", () => {
    expect(readOrigin("https://example.org")).toBe("https://example.org");
    expect(readOrigin("http://127.0.0.1:8000")).toBe("http://127.0.0.1:8000");
    for (const bad of [
      null,
      "*",
      "null",
      "example.org",
      "https://example.org/",
      "https://user@example.org",
      "https://EXAMPLE.org",
      "javascript:alert(1)",
      `https://${"x".repeat(400)}.org`,
    ]) {
      expect(readOrigin(bad)).toBeNull();
    }
  });

  it("trusts the named origin, else only the frame's own", () => {
    expect(trustedOrigin("https://a.example", "https://b.example", true)).toBe("https://a.example");
    expect(trustedOrigin(null, "https://b.example", true)).toBe("https://b.example");
    expect(trustedOrigin(null, "https://b.example", false)).toBeNull();
  });
});
