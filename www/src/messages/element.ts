/** What `<credit-lab>` and its frame say beside the instrument's own sentences. */
export const E = {
  label: "Credit Lab simulator",
  lead: "Not everything this figure was asked for could be used:",
  unknownPreset: (given: string, known: string) =>
    `preset = “${given}” does not exist; there are ${known}.`,
  badChoice: (key: string, given: string, known: string) =>
    `${key} = “${given}” makes no sense; it can be ${known}.`,
  unknownPart: (key: string, given: string, known: string) =>
    `${key}: there is no “${given}”; there are ${known}.`,
  badParent: (given: string) =>
    `parent = “${given}” is not an origin such as https://example.org; nobody is told or obeyed.`,
  tooLong: (key: string) => `${key} is too long and was ignored.`,
  notReady: "The simulator is not ready, or has no run yet.",
  gone: "The element was removed from the page.",
  badRule: (given: string) => `“${given}” is not a rule of this simulator.`,
  badRate: (key: string, rule: string) => `“${key}” is not a rate of ${rule}.`,
  noRate: (key: string) => `No rule shown has a rate “${key}”.`,
  badValue: (key: string, min: string, max: string) =>
    `${key} must be a number from ${min} to ${max}.`,
  badSteps: "The number of steps must be a whole number from 1 to 10,000,000.",
  refused: "The message was not understood and had no effect.",
  script: "The figure could not be started.",
} as const;
