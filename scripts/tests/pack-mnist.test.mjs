import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { MAGIC, PARTS, PAYLOAD_SHA256, packMnist, quotas } from "../pack-mnist.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "credit-lab-"));
/** @type {Buffer} */
let stream;
before(() => {
  packMnist(path.join(folder, "a.bin"));
  stream = joined(gunzipSync(readFileSync(path.join(folder, "a.bin"))));
});
/** What stands in the parts, as one part. @param {Buffer} all */
function joined(all) {
  /** @type {Record<"train" | "test" | "trainImages" | "testImages", Buffer[]>} */
  const lists = { train: [], test: [], trainImages: [], testImages: [] };
  let at = 0;
  while (at < all.length) {
    assert.equal(all.toString("latin1", at, at + 8), MAGIC);
    const train = all.readUInt32LE(at + 8);
    const test = all.readUInt32LE(at + 12);
    const sizes = [train, test, all.readUInt32LE(at + 16), all.readUInt32LE(at + 20)];
    assert.deepEqual(sizes, [9000 / PARTS, 1000 / PARTS, 28, 28]);
    at += 24;
    /** @param {keyof typeof lists} list @param {number} bytes */
    const take = (list, bytes) => {
      lists[list].push(all.subarray(at, at + bytes));
      at += bytes;
    };
    take("train", train);
    take("test", test);
    take("trainImages", train * 784);
    take("testImages", test * 784);
  }
  assert.equal(at, all.length);
  const header = Buffer.from(all.subarray(0, 24));
  header.writeUInt32LE(9000, 8);
  header.writeUInt32LE(1000, 12);
  return Buffer.concat([header, ...Object.values(lists).flat()]);
}

after(() => rmSync(folder, { recursive: true }));

test("the packed file is the same, byte for byte, every time", () => {
  packMnist(path.join(folder, "b.bin"));
  assert.ok(
    readFileSync(path.join(folder, "a.bin")).equals(readFileSync(path.join(folder, "b.bin"))),
  );
  assert.equal(createHash("sha256").update(stream).digest("hex"), PAYLOAD_SHA256);
});

test("the packed file stays below 2 MB", () => {
  assert.ok(readFileSync(path.join(folder, "a.bin")).length < 2e6);
});

test("the header announces 9,000 training and 1,000 test digits of 28 by 28, and the length fits", () => {
  assert.equal(stream.toString("latin1", 0, 8), MAGIC);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => stream.readUInt32LE(8 + 4 * i)),
    [9000, 1000, 28, 28],
  );
  assert.equal(stream.length, 24 + 10_000 + 10_000 * 784);
});

test("a tenth of every class is for testing", () => {
  const count = (/** @type {Buffer} */ labels) =>
    labels.reduce(
      (counts, label) => counts.with(label, (counts[label] ?? 0) + 1),
      Array(10).fill(0),
    );
  const train = count(stream.subarray(24, 24 + 9000));
  const tests = count(stream.subarray(24 + 9000, 24 + 10_000));
  train.forEach((n, label) => {
    const share = tests[label] / (n + tests[label]);
    assert.ok(Math.abs(tests[label] - 0.1 * (n + tests[label])) < 1, `class ${label}: ${share}`);
  });
});

test("no digit is in both sets, none is blank", () => {
  const images = Array.from({ length: 10_000 }, (_, i) =>
    stream.subarray(10_024 + 784 * i, 10_024 + 784 * (i + 1)),
  );
  assert.equal(new Set(images.map((image) => image.toString("latin1"))).size, 10_000);
  assert.ok(images.every((image) => image.some((pixel) => pixel > 128)));
});

test("quotas add up exactly and differ from the exact share by less than one", () => {
  assert.deepEqual(quotas([5, 5, 5], 2), [1, 1, 0]);
  assert.deepEqual(
    quotas([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978], 1000),
    [100, 113, 99, 103, 98, 86, 102, 107, 94, 98],
  );
});
