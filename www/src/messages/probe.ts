/** Words of the probe on the map of the narrow layer, which the network decodes. */
export const PROBE = {
  title: (rule: string) => `${rule} draws from`,
  code: (numbers: string) => `(${numbers})`,
  hint: "Drag the ring, or press anywhere on a map, to see what the network draws from there.",
  rest: "Only two numbers are on the map; the others are held at their mean.",
  none: "This run cannot be asked at the moment.",
  label: (rule: string) =>
    `Probe on the map of ${rule}: arrow keys move it, Page Down takes it to the next map`,
  picture: (rule: string, code: string) => `What the network of ${rule} draws from ${code}`,
} as const;
