/**
 * The saved run: one small versioned container around the core's own snapshots, one a rule.
 *
 *   "CREDLAB\n" | u32 version | u32 header bytes | header (JSON, UTF-8) | snapshots | u32 CRC-32
 *
 * Integers are little endian; the checksum covers everything before it. The header lists the rules
 * and their byte counts, the settings as an address, the digits used, and the curves so far. Reading
 * trusts nothing: every length and field is checked, and a broken file throws before any run changes.
 */
import type { LayerMetrics, Metrics } from "../engine/protocol";
import { count } from "../format";
import { M } from "../messages";

export const RUN_FILE_VERSION = 1;
const MAGIC = new TextEncoder().encode("CREDLAB\n");
const CLI_MAGIC = new TextEncoder().encode("CLRUN");
const FIXED = MAGIC.length + 8;
/** Ten rules with the largest permitted network and Adam stay below this, in bytes. */
const MAX_FILE = 1024 * 1024 * 1024;
const MAX_RULES = 32;
const MAX_FRAMES = 10_000;

export interface RunFile {
  /** The settings, encoded as in the address. */
  readonly settings: string;
  readonly digits: { readonly name: string; readonly train: number; readonly test: number };
  readonly elapsedMs: number;
  readonly lanes: readonly { rule: string; step: number; blob: Uint8Array }[];
  readonly history: Readonly<Record<string, readonly Metrics[]>>;
}

interface Header {
  settings: string;
  digits: { name: string; train: number; test: number };
  elapsedMs: number;
  lanes: { rule: string; step: number; bytes: number }[];
  history: Record<string, Metrics[]>;
}

export class RunFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RunFileError";
  }
}

export function isRunFile(start: Uint8Array): boolean {
  return start.length >= MAGIC.length && MAGIC.every((byte, i) => start[i] === byte);
}

/** A saved run of the command-line program: another container, whose data the page does not have. */
export function isCommandLineRun(start: Uint8Array): boolean {
  return start.length >= CLI_MAGIC.length && CLI_MAGIC.every((byte, i) => start[i] === byte);
}

export function packRun(run: RunFile): Uint8Array<ArrayBuffer> {
  const header: Header = {
    settings: run.settings,
    digits: { ...run.digits },
    elapsedMs: run.elapsedMs,
    lanes: run.lanes.map(({ rule, step, blob }) => ({ rule, step, bytes: blob.length })),
    history: Object.fromEntries(Object.entries(run.history).map(([k, v]) => [k, [...v]])),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const blobs = run.lanes.reduce((sum, lane) => sum + lane.blob.length, 0);
  const out = new Uint8Array(FIXED + text.length + blobs + 4);
  const view = new DataView(out.buffer);
  out.set(MAGIC, 0);
  view.setUint32(MAGIC.length, RUN_FILE_VERSION, true);
  view.setUint32(MAGIC.length + 4, text.length, true);
  out.set(text, FIXED);
  let at = FIXED + text.length;
  for (const lane of run.lanes) {
    out.set(lane.blob, at);
    at += lane.blob.length;
  }
  view.setUint32(at, crc32(out.subarray(0, at)), true);
  return out;
}

export function unpackRun(file: Uint8Array): RunFile {
  if (isCommandLineRun(file)) throw new RunFileError(M.runFile.commandLine);
  if (!isRunFile(file) || file.length > MAX_FILE) throw new RunFileError(M.runFile.notRun);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < FIXED + 4) {
    throw new RunFileError(M.runFile.truncated(`≥ ${FIXED + 4}`, count(file.length)));
  }
  const version = view.getUint32(MAGIC.length, true);
  if (version !== RUN_FILE_VERSION) throw new RunFileError(M.runFile.version(String(version)));
  const headerBytes = view.getUint32(MAGIC.length + 4, true);
  if (FIXED + headerBytes + 4 > file.length) {
    throw new RunFileError(
      M.runFile.truncated(`≥ ${count(FIXED + headerBytes + 4)}`, count(file.length)),
    );
  }
  const header = parseHeader(file.subarray(FIXED, FIXED + headerBytes));
  const expected =
    FIXED + headerBytes + header.lanes.reduce((sum, lane) => sum + lane.bytes, 0) + 4;
  if (expected !== file.length) {
    throw new RunFileError(M.runFile.truncated(count(expected), count(file.length)));
  }
  const end = file.length - 4;
  if (crc32(file.subarray(0, end)) !== view.getUint32(end, true)) {
    throw new RunFileError(M.runFile.checksum);
  }
  let at = FIXED + headerBytes;
  const lanes = header.lanes.map(({ rule, step, bytes }) => {
    const blob = file.slice(at, at + bytes);
    at += bytes;
    return { rule, step, blob };
  });
  return { ...header, lanes };
}

function parseHeader(bytes: Uint8Array): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new RunFileError(M.runFile.header);
  }
  const header = asHeader(parsed);
  if (header === null) throw new RunFileError(M.runFile.header);
  return header;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (x: unknown): x is Json =>
  typeof x === "object" && x !== null && !Array.isArray(x);
const isText = (x: unknown, max: number): x is string => typeof x === "string" && x.length <= max;
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
const isNumber = (x: unknown): x is number => typeof x === "number" && Number.isFinite(x);
const isMaybe = (x: unknown): x is number | null => x === null || isNumber(x);

function asHeader(x: unknown): Header | null {
  if (!isObject(x) || !isText(x.settings, 4096) || !isNumber(x.elapsedMs)) return null;
  const { digits, lanes, history } = x;
  if (!isObject(digits) || !isText(digits.name, 200)) return null;
  if (!isCount(digits.train) || !isCount(digits.test)) return null;
  if (!Array.isArray(lanes) || lanes.length === 0 || lanes.length > MAX_RULES) return null;
  const rules = new Set<string>();
  const cleanLanes: Header["lanes"] = [];
  for (const lane of lanes as unknown[]) {
    if (!isObject(lane) || !isText(lane.rule, 40) || !/^[a-z][a-z0-9-]*$/.test(lane.rule))
      return null;
    if (!isCount(lane.step) || !isCount(lane.bytes) || lane.bytes > MAX_FILE) return null;
    if (rules.has(lane.rule)) return null;
    rules.add(lane.rule);
    cleanLanes.push({ rule: lane.rule, step: lane.step, bytes: lane.bytes });
  }
  const cleanHistory = checkedHistory(history, rules);
  if (cleanHistory === null) return null;
  return {
    settings: x.settings,
    digits: { name: digits.name, train: digits.train, test: digits.test },
    elapsedMs: Math.max(0, x.elapsedMs),
    lanes: cleanLanes,
    history: cleanHistory,
  };
}

/** Curves from a file, rule by rule, or null when they are not what a page has written. */
export function checkedHistory(
  x: unknown,
  rules: ReadonlySet<string>,
): Record<string, Metrics[]> | null {
  if (!isObject(x)) return null;
  const history: Record<string, Metrics[]> = {};
  for (const rule of rules) {
    const frames: unknown = x[rule] ?? [];
    if (!Array.isArray(frames) || frames.length > MAX_FRAMES) return null;
    const clean: Metrics[] = [];
    for (const frame of frames as unknown[]) {
      const metrics = asMetrics(frame);
      if (metrics === null || metrics.step < (clean.at(-1)?.step ?? 0)) return null;
      clean.push(metrics);
    }
    history[rule] = clean;
  }
  return history;
}

function asMetrics(x: unknown): Metrics | null {
  if (!isObject(x) || !isCount(x.step) || !Array.isArray(x.layers) || x.layers.length > 16) {
    return null;
  }
  const { train_loss, test_loss, train_loss_per_sample, test_loss_per_sample } = x;
  const { running_loss = null, train_accuracy = null, test_accuracy = null } = x;
  if (!isNumber(train_loss) || !isNumber(test_loss)) return null;
  if (!isNumber(train_loss_per_sample) || !isNumber(test_loss_per_sample)) return null;
  if (!isMaybe(running_loss) || !isMaybe(train_accuracy) || !isMaybe(test_accuracy)) return null;
  const layers: LayerMetrics[] = [];
  for (const layer of x.layers as unknown[]) {
    const clean = asLayer(layer);
    if (clean === null) return null;
    layers.push(clean);
  }
  return {
    step: x.step,
    train_loss,
    test_loss,
    train_loss_per_sample,
    test_loss_per_sample,
    running_loss,
    train_accuracy,
    test_accuracy,
    layers,
  };
}

function asLayer(x: unknown): LayerMetrics | null {
  if (!isObject(x) || !isText(x.name, 8) || !isNumber(x.norm_w)) return null;
  const { angle = null, angle_code = null, relative_error = null } = x;
  const { sign_agreement = null, norm_b = null } = x;
  if (!isMaybe(angle) || !isMaybe(angle_code) || !isMaybe(relative_error)) return null;
  if (!isMaybe(sign_agreement) || !isMaybe(norm_b)) return null;
  return {
    name: x.name,
    angle,
    angle_code,
    relative_error,
    sign_agreement,
    norm_w: x.norm_w,
    norm_b,
  };
}

/** CRC-32 as in gzip and PNG (reflected, polynomial 0xEDB88320). */
export function crc32(bytes: Uint8Array): number {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    table[n] = c;
  }
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
