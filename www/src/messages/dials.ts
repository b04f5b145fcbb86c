/** Words of the angle dials. */
export const DIALS = {
  title: "Which way the feedback points, now",
  caption:
    "The angle between the error that feedback delivers to a layer and the true gradient there. The dotted line, 90°, is the limit of descent: short of it a small step goes downhill, beyond it uphill.",
  layer: (n: number) => `Hidden layer ${n}`,
  through: (b: string) => `through ${b}`,
  truth: "true gradient",
  uphill: "uphill",
  /** From where on each word holds, in degrees. */
  words: [
    [0, "exact"],
    [0.05, "nearly exact"],
    [15, "downhill"],
    [60, "a little downhill"],
    [85, "no direction"],
    [95, "uphill"],
  ] as readonly (readonly [number, string])[],
  none: "not measured",
  summary: (layer: string, parts: string) => `${layer}: ${parts}.`,
  needle: (rule: string, angle: string, word: string) => `${rule} ${angle}, ${word}`,
  head: { rule: "Rule" },
} as const;
