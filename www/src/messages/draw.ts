/** Words of the drawing pad. */
export const DRAW = {
  title: "Draw a digit",
  caption: {
    autoencoder:
      "What you draw, and what each network makes of it while it learns. The drawing is prepared as MNIST’s digits were: scaled to fit a box of 20 × 20 pixels, its centre of mass in the middle of 28 × 28.",
    classifier:
      "What you draw, and what each network takes it for while it learns. The drawing is prepared as MNIST’s digits were: scaled to fit a box of 20 × 20 pixels, its centre of mass in the middle of 28 × 28. Scores are the network’s raw outputs, 1 for a sure yes; they need not add up to 1.",
  },
  pad: "Drawing pad",
  padHelp:
    "Draw with mouse, finger or pen. With the keyboard: arrow keys move the pen, space puts it down or lifts it, Delete clears.",
  example: "A test digit. Draw your own instead.",
  exampleHelp: "The pad shows a test digit until you draw: your first stroke clears it.",
  keys: "The small picture is what the networks see. To draw by keys: arrows move the pen, space puts it down or lifts it.",
  seen: "As the networks see it",
  clear: "Clear",
  test: "A test digit",
  empty: "Draw a digit on the pad, or take a test digit.",
  pen: (x: number, y: number, down: boolean) =>
    `Pen ${down ? "down" : "up"}, column ${x}, row ${y}`,
  cleared: "The pad is empty.",
  given: (label: number) => `Test digit: a ${label}.`,
  offered: (label: number) => `A test digit, until you draw your own: a ${label}.`,
  drawn: "Your drawing.",
  says: (rule: string, answer: number, score: string) => `${rule} says ${answer} (${score})`,
  draws: (rule: string, loss: string) => `${rule}: loss ${loss}`,
  code: (numbers: string) => `code ${numbers}`,
  score: (digit: number) => `Score of ${digit}`,
  answer: "Answer",
  loss: "Loss per digit",
  codeHead: "Code",
  waiting: "Waiting for an answer…",
  otherShape: (rows: number, cols: number, colours: boolean) =>
    `The pad is for grey pictures of 28 × 28 pixels, such as MNIST’s. The images loaded now have ${rows} × ${cols}${colours ? " in colour" : ""}.`,
  picture: (rule: string) => `What ${rule} draws`,
} as const;
