/**
 * Small CIFAR-10 files made for a test: images of one colour, a colour a class, so that a network can learn
 * them and a test can tell from the screen whether red, green and blue were mixed up.
 */
import { gzipSync } from "node:zlib";

const PLANE = 32 * 32;

/** Red, green and blue of a class. */
export const colour = (label) => [25 * label, 255 - 20 * label, 40 + 10 * label];

export function cifarFile(labels) {
  return Buffer.concat(
    labels.flatMap((label) => [
      Buffer.from([label]),
      ...colour(label).map((value) => Buffer.alloc(PLANE, value)),
    ]),
  );
}

/** Two training batches, one gzipped, and the test file. */
export function cifarSet() {
  const labels = (n) => Array.from({ length: n }, (_, i) => i % 10);
  return [
    { name: "data_batch_1.bin", bytes: cifarFile(labels(40)) },
    { name: "data_batch_2.bin.gz", bytes: gzipSync(cifarFile(labels(20))) },
    { name: "test_batch.bin", bytes: cifarFile(labels(20)) },
  ];
}

/** The files as GNU tar packs them. */
export function cifarArchive(files) {
  const blocks = files.flatMap(({ name, bytes }) => {
    const header = Buffer.alloc(512);
    header.write(`cifar-10-batches-bin/${name}`, 0);
    header.write(bytes.length.toString(8).padStart(11, "0"), 124);
    header.fill(" ", 148, 156);
    header.write("0", 156);
    header.write("ustar  ", 257);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0`, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
