import { describe, expect, it } from "vitest";
import { metricsAt } from "../testing/fake";
import {
  crc32,
  isCommandLineRun,
  isRunFile,
  packRun,
  type RunFile,
  RunFileError,
  unpackRun,
} from "./run-file";

const run: RunFile = {
  settings: "v=1&seed=7",
  digits: { name: "MNIST sample", train: 9000, test: 1000 },
  elapsedMs: 1234,
  lanes: [
    { rule: "np", step: 20, blob: Uint8Array.of(1, 2, 3) },
    { rule: "bp", step: 20, blob: new Uint8Array(0) },
  ],
  history: { np: [metricsAt(0), metricsAt(20)], bp: [] },
};

/** A file with another header, checksum in order: what only a forger would send. */
function forge(change: (header: Record<string, unknown>) => void): Uint8Array {
  const file = packRun(run);
  const view = new DataView(file.buffer);
  const n = view.getUint32(12, true);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(16, 16 + n))) as Record<
    string,
    unknown
  >;
  change(header);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(16 + text.length + (file.length - 16 - n));
  out.set(file.subarray(0, 16));
  new DataView(out.buffer).setUint32(12, text.length, true);
  out.set(text, 16);
  out.set(file.subarray(16 + n), 16 + text.length);
  new DataView(out.buffer).setUint32(out.length - 4, crc32(out.subarray(0, -4)), true);
  return out;
}

describe("saved run", () => {
  it("comes back as it was", () => {
    const file = packRun(run);
    expect(isRunFile(file)).toBe(true);
    expect(unpackRun(file)).toEqual(run);
  });

  it("is refused at every length but its own", () => {
    const file = packRun(run);
    for (let n = 0; n < file.length; n++) {
      expect(() => unpackRun(file.subarray(0, n))).toThrow(RunFileError);
    }
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    expect(() => unpackRun(longer)).toThrow(RunFileError);
  });

  it("is refused when any single byte is changed", () => {
    const file = packRun(run);
    for (let i = 0; i < file.length; i++) {
      const broken = file.slice();
      broken[i] = (broken[i] ?? 0) ^ 0x41;
      expect(() => unpackRun(broken)).toThrow(RunFileError);
    }
  });

  it("says where a run of the command-line program can be continued", () => {
    const file = new TextEncoder().encode("CLRUN\r\n\u0001 and the rest");
    expect(isRunFile(file)).toBe(false);
    expect(isCommandLineRun(file)).toBe(true);
    expect(() => unpackRun(file)).toThrow(/--resume/);
  });

  it("names a version it cannot read", () => {
    const file = packRun(run);
    new DataView(file.buffer).setUint32(8, 2, true);
    expect(() => unpackRun(file)).toThrow(/format 2/);
  });

  it("checks every field of the description", () => {
    const forgeries: ((h: Record<string, unknown>) => void)[] = [
      (h) => delete h.settings,
      (h) => Object.assign(h, { settings: "x".repeat(5000) }),
      (h) => Object.assign(h, { elapsedMs: "1" }),
      (h) => Object.assign(h, { digits: null }),
      (h) => Object.assign(h, { lanes: [] }),
      (h) => Object.assign(h, { lanes: [{ rule: "np", step: -1, bytes: 3 }] }),
      (h) => Object.assign(h, { lanes: [{ rule: "np", step: 1, bytes: 1e12 }] }),
      (h) => Object.assign(h, { history: { np: [{ step: 0 }] } }),
      (h) => Object.assign(h, { history: { np: [metricsAt(5), metricsAt(2)] } }),
    ];
    for (const change of forgeries) expect(() => unpackRun(forge(change))).toThrow(RunFileError);
    expect(unpackRun(forge(() => undefined))).toEqual(run);
  });
});

describe("crc32", () => {
  it("agrees with the published check value", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });
});
