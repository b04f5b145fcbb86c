/** Small IDX files made for a test: stripes whose place tells the class, so that a network can learn them. */
import { gzipSync } from "node:zlib";

function images(labels, side) {
  const bytes = Buffer.alloc(16 + labels.length * side * side);
  bytes.writeUInt32BE(0x00000803, 0);
  bytes.writeUInt32BE(labels.length, 4);
  bytes.writeUInt32BE(side, 8);
  bytes.writeUInt32BE(side, 12);
  labels.forEach((label, i) => {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const on = Math.floor((y / side) * 10) === label;
        bytes[16 + (i * side + y) * side + x] = on ? 255 - ((i * 7 + x) % 60) : (x + y) % 9;
      }
    }
  });
  return bytes;
}

function labelFile(labels) {
  return Buffer.concat([
    Buffer.from([0, 0, 8, 1, 0, 0, labels.length >> 8, labels.length & 255]),
    Buffer.from(labels),
  ]);
}

/** A CSV table of the same images, as they are handed around. */
export function csvTable(labels, side = 28) {
  const pixels = images(labels, side).subarray(16);
  const heading = ["label", ...Array.from({ length: side * side }, (_, i) => `pixel${i}`)];
  const rows = labels.map((label, i) => [
    label,
    ...pixels.subarray(i * side * side, (i + 1) * side * side),
  ]);
  return Buffer.from([heading, ...rows].map((row) => row.join(",")).join("\n"));
}

/** The four official names; the training images gzipped, the rest plain. */
export function idxSet({ train = 80, test = 20, side = 28 } = {}) {
  const trainLabels = Array.from({ length: train }, (_, i) => i % 10);
  const testLabels = Array.from({ length: test }, (_, i) => (i * 3) % 10);
  return [
    { name: "train-images-idx3-ubyte.gz", bytes: gzipSync(images(trainLabels, side)) },
    { name: "train-labels-idx1-ubyte", bytes: labelFile(trainLabels) },
    { name: "t10k-images-idx3-ubyte", bytes: images(testLabels, side) },
    { name: "t10k-labels-idx1-ubyte", bytes: labelFile(testLabels) },
  ];
}
