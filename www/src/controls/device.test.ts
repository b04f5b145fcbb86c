import { describe, expect, it } from "vitest";
import type { Paths, Why } from "../engine/device";
import { type Choice, deviceLine } from "./device";

const NVIDIA = { name: "NVIDIA GeForce", software: false };
const SOFT = { name: "SwiftShader", software: true };
const CPU: Paths = { cpu: ["np", "bp"], gpu: [], moving: false };
const GPU: Paths = { cpu: [], gpu: ["np", "bp"], moving: false };

function line(paths: Paths, why: Why, choice: Partial<Choice> = {}): string {
  const all: Choice = { why, goal: "cpu", gpu: null, trouble: null, ...choice };
  return deviceLine(paths, all, (rule) => rule.toUpperCase());
}

describe("deviceLine", () => {
  it("says why the processor computes", () => {
    expect(line(CPU, { kind: "no-webgpu", secure: true })).toBe(
      "Processor (SIMD): no WebGPU in this browser",
    );
    expect(line(CPU, { kind: "no-webgpu", secure: false })).toMatch(/secure/);
    expect(line(CPU, { kind: "chosen" })).toBe("Processor (SIMD): chosen by you");
    expect(line(CPU, { kind: "waiting" })).toBe("Processor (SIMD) to begin with");
    const result = { cpuMs: 1.9123, gpuMs: 24.31 };
    expect(line(CPU, { kind: "measured", result }, { gpu: SOFT })).toBe(
      "Processor (SIMD): measured 1.9 ms a step, GPU (SwiftShader, a software adapter) 24 ms",
    );
    expect(line(CPU, { kind: "failed", message: "No adapter was found." })).toBe(
      "Processor (SIMD): no adapter was found",
    );
    expect(line(CPU, { kind: "measuring" }, { gpu: NVIDIA })).toBe(
      "Processor (SIMD): timing the GPU (NVIDIA GeForce)…",
    );
  });

  it("says why the GPU computes", () => {
    const result = { cpuMs: 1.9, gpuMs: 0.4 };
    expect(line(GPU, { kind: "measured", result }, { gpu: NVIDIA, goal: "gpu" })).toBe(
      "GPU (NVIDIA GeForce): measured 0.4 ms a step, processor 1.9 ms",
    );
    expect(line(GPU, { kind: "chosen" }, { gpu: SOFT, goal: "gpu" })).toBe(
      "GPU (SwiftShader, a software adapter): chosen by you",
    );
  });

  it("speaks of where runs are, not of where they were meant to be", () => {
    const chosen: Why = { kind: "chosen" };
    const moving = { ...CPU, moving: true };
    expect(line(moving, chosen, { gpu: NVIDIA, goal: "gpu" })).toBe(
      "Moving to the GPU (NVIDIA GeForce)…",
    );
    expect(line({ ...GPU, moving: true }, chosen, { gpu: NVIDIA })).toBe(
      "Moving to the processor…",
    );
    const trouble = "The GPU was lost.";
    expect(line(CPU, chosen, { gpu: NVIDIA, trouble })).toBe("Processor (SIMD): the GPU was lost");
    const both = { cpu: ["fa"], gpu: ["np", "bp"], moving: false };
    expect(line(both, chosen, { gpu: NVIDIA, goal: "gpu", trouble: "Out of memory." })).toBe(
      "GPU (NVIDIA GeForce) for NP, BP; processor (SIMD) for FA: out of memory",
    );
  });

  it("leaves names as they are written", () => {
    expect(line(CPU, { kind: "failed", message: "WebGPU was switched off." })).toBe(
      "Processor (SIMD): WebGPU was switched off",
    );
  });
});
