import { describe, expect, it } from "vitest";
import {
  compare,
  divergingRamp,
  type Matrix,
  moved,
  multiply,
  paintRaster,
  pictureRaster,
  plainRaster,
  productCost,
  scaleFor,
  summaryOf,
} from "./matrix-math";

const matrix = (rows: number, cols: number, ...values: number[]): Matrix => ({
  rows,
  cols,
  values: Float32Array.from(values),
});

describe("products", () => {
  it("multiplies row major matrices", () => {
    const a = matrix(2, 3, 1, 2, 3, 4, 5, 6);
    const b = matrix(3, 1, 1, 0, -1);
    expect(multiply(a, b)).toEqual(matrix(2, 1, -2, -2));
  });

  it("counts the multiplications from the top down", () => {
    expect(productCost([784, 200, 2, 200])).toBe(784 * 200 * 2 + 784 * 2 * 200);
    expect(productCost([10, 20])).toBe(0);
  });
});

describe("compare", () => {
  it("measures distance, signs and correlation", () => {
    const w = Float32Array.of(3, -4, 0, 1);
    expect(compare(w, w)).toEqual({ distance: 0, signs: 100, correlation: 1 });
    const found = compare(w, Float32Array.of(3, 4, 0, -1));
    expect(found.distance).toBeCloseTo(Math.sqrt((64 + 4) / 26));
    expect(found.signs).toBe(50);
  });

  it("sums up one matrix", () => {
    expect(summaryOf(Float32Array.of(3, -4))).toEqual({
      rms: Math.sqrt(12.5),
      smallest: -4,
      largest: 3,
    });
  });
});

describe("scaleFor", () => {
  const all = (v: number): Float32Array[] => [new Float32Array(100).fill(v)];

  it("is a round number above almost all weights", () => {
    expect(scaleFor(all(0.13), 0)).toBe(0.15);
    expect(scaleFor(all(-0.3), 0)).toBe(0.3);
    expect(scaleFor([Float32Array.of(...new Array(999).fill(0.4), 90)], 0)).toBe(0.5);
  });

  it("stays while it fits roughly, and survives zeros", () => {
    expect(scaleFor(all(0.13), 0.2)).toBe(0.2);
    expect(scaleFor(all(0.25), 0.2)).toBe(0.3);
    expect(scaleFor(all(0.05), 0.2)).toBe(0.05);
    expect(scaleFor(all(0), 0.2)).toBe(0.2);
  });
});

describe("rasters", () => {
  it("lays a tall matrix on its side", () => {
    const raster = plainRaster(4, 2, 300);
    expect(raster).toMatchObject({ columns: 4, rows: 2, turned: true, every: 1 });
    // The second column of the picture is the matrix's second row.
    expect([...raster.index]).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
  });

  it("thins out what would be too small to be seen", () => {
    const raster = plainRaster(1000, 1000, 300);
    expect(raster.every).toBe(4);
    expect(raster.columns).toBe(250);
    expect(raster.index[1]).toBe(4);
    expect(raster.index[250]).toBe(4000);
  });

  it("shows columns as pictures, a page at a time", () => {
    const picture = { height: 2, width: 2 };
    const layout = { across: 2, down: 1, from: 2 };
    const raster = pictureRaster({ rows: 4, cols: 3 }, picture, layout);
    expect(raster).toMatchObject({ from: 2, shown: 1, all: 3, columns: 6, rows: 2 });
    // Pixel k of unit 2 is entry k * 3 + 2; beside it is nothing.
    expect([...raster.index]).toEqual([2, 5, -1, -1, -1, -1, 8, 11, -1, -1, -1, -1]);
  });

  it("walks over gaps and stops at the border", () => {
    const layout = { across: 2, down: 1, from: 0 };
    const raster = pictureRaster({ rows: 1, cols: 2 }, { height: 1, width: 1 }, layout);
    expect([...raster.index]).toEqual([0, -1, -1, 1]);
    expect(moved(raster, 0, 1, 0)).toBe(3);
    expect(moved(raster, 3, 1, 0)).toBe(3);
    expect(moved(raster, 3, -1, 0, 10)).toBe(0);
  });
});

it("colours run from minus over zero to plus, and gaps are transparent", () => {
  const ramp = divergingRamp([0, 0, 255], [255, 255, 255], [255, 0, 0]);
  const raster = { ...plainRaster(1, 4, 100), index: Int32Array.of(0, 1, 2, -1) };
  const out = new Uint32Array(4);
  const values = [-9, 0, 1];
  paintRaster(out, raster, ramp, 1, (at) => values[at] ?? Number.NaN);
  const bytes = [...new Uint8ClampedArray(out.buffer)];
  expect(bytes.slice(0, 4)).toEqual([0, 0, 255, 255]);
  expect(bytes.slice(4, 8)).toEqual([255, 255, 255, 255]);
  expect(bytes.slice(8, 12)).toEqual([255, 0, 0, 255]);
  expect(bytes.slice(12)).toEqual([0, 0, 0, 0]);
});
