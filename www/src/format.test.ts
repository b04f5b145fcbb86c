import { expect, it } from "vitest";
import { bytes, count, duration, layerName, tick, value } from "./format";

it("writes values with the digits that matter", () => {
  expect([515.3, 1234.5, 16.1, 1.256, 0.0411, 2.3e-7, 0, null, Number.NaN].map(value)).toEqual([
    "515",
    "1,235",
    "16.1",
    "1.26",
    "0.041",
    "2.3e−7",
    "0",
    "–",
    "–",
  ]);
});

it("writes counts, times, sizes, ticks and layers", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect(duration(3_725_000)).toBe("1:02:05");
  expect(duration(5_900)).toBe("0:05");
  expect(bytes(1_536_000)).toBe("1.5 MB");
  expect([12_000, 1500, 0.5, 2_000_000].map(tick)).toEqual(["12k", "1500", "0.5", "2M"]);
  expect(layerName("W12")).toBe("W¹²");
});
