import { describe, expect, it } from "vitest";
import type { RuleInfo } from "../store";
import { passesOf } from "./cost";

const info = (id: string, more: Partial<RuleInfo>): RuleInfo => ({
  ...{ id, label: id, short: id, citation: "", equation: "", summary: "", hypers: [] },
  ...{ learns_feedback: false, direct: false },
  ...more,
});

describe("passes for one update", () => {
  it("are those that the rules' equations need", () => {
    const of = (id: string, more: Partial<RuleInfo> = {}) => passesOf(info(id, more));
    expect(of("bp")).toEqual({ forward: 1, down: 1 });
    expect(of("fa", { has_feedback: true })).toEqual({ forward: 1, down: 1 });
    expect(of("np", { perturbs: true, has_feedback: true })).toEqual({ forward: 2, down: 1 });
    expect(of("perturb", { perturbs: true })).toEqual({ forward: 2, down: 0 });
    expect(of("mirror", { has_feedback: true })).toEqual({ forward: 2, down: 1 });
    expect(of("sg", { has_feedback: true })).toEqual({ forward: 1, down: 2 });
  });
});
