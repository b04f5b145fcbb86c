/** What the laboratory's tools say: zoom, pins, kept runs, the command line, a target for the loss. */

export const C = {
  zoom: {
    label: "Zoom of all curves",
    in: "Zoom in (+)",
    out: "Zoom out (−)",
    all: "Show all",
    allTitle: "Show all iterations (0)",
  },
  curves: {
    label: "Curves",
    pin: "Pin this run",
    pinTitle: "Keep these curves in the figures, behind those of the next runs",
    compare: "Compare over seeds…",
    compareTitle:
      "The present settings as an experiment: several seeds and noise levels side by side",
    hint: "Drag across a chart to zoom; its keys: + − 0 and the arrows.",
  },
  pins: {
    label: "Pinned runs",
    none: "Nothing to pin yet: run a few iterations first.",
    most: (n: number) =>
      `${n} runs are pinned, which is as many as can be told apart. Remove one first.`,
    name: (letter: string) => `Pinned run ${letter}`,
    of: (rule: string, letter: string) => `${rule}, pinned run ${letter}`,
    now: "now",
    nowName: "The present run",
    remove: (letter: string) => `Remove pinned run ${letter}`,
    iterations: (n: string) => `${n} it.`,
    same: "settings as now",
    otherTask: (task: string) => `${task}: shown again when you go back to that task`,
    finals: "Finals side by side",
    run: "Run",
    rule: "Rule",
    differs: "What differs",
    steps: "Iterations",
    final: "Test loss",
    best: "Best",
    accuracy: "Right",
    byDefault: "at its default",
    yes: "on",
    no: "off",
    otherData: (name: string) => `other images (${name})`,
  },
  runs: {
    label: "Kept runs",
    keep: "Keep this run",
    none: "None yet. A kept run stays in this browser, on this machine, until you delete it.",
    nameOf: (name: string) => `Name of the kept run “${name}”`,
    open: "Open",
    openTitle: (name: string) => `Open the kept run “${name}”`,
    remove: "Delete",
    removeTitle: (name: string) => `Delete the kept run “${name}”`,
    iterations: (n: string) => `${n} it.`,
    kept: (name: string, size: string) => `Kept as “${name}” (${size}) in this browser.`,
    opened: (name: string) => `“${name}”: `,
    deleted: (name: string) => `“${name}” is deleted.`,
    undo: "Bring it back",
    total: (n: number, size: string) => `${n} ${n === 1 ? "run" : "runs"}, ${size}`,
    failed: (why: string) => `The run could not be kept: ${why} It goes on as before.`,
    unread: (why: string) => `The kept run could not be opened: ${why} Nothing was changed.`,
    autosaved: (iteration: string, rules: string, when: string) =>
      `You left a run at iteration ${iteration} (${rules}), ${when}.`,
    resume: "Continue where you were",
    forget: "Forget it",
  },
  shelf: {
    none: "This browser lets the page keep nothing here (a private window, or a page within another one). Save the run as a file instead.",
    full: "the browser has no more room for this page. Delete a kept run, or save the run as a file.",
    tooBig: (size: string, most: string) =>
      `it takes ${size}, and one run may take ${most}. Save it as a file instead.`,
    tooMany: (n: number) => `there are ${n} already, which is the most. Delete one first.`,
    damaged: "what was kept is damaged.",
    failed: (why: string) => `the browser’s storage refused: ${why}`,
  },
  command: {
    label: "The same run natively",
    lead: "Repeats this run on the command line, in the browser’s own arithmetic:",
    copy: "Copy",
    copied: "Copied",
    early: "The run began before all digits were here; the commands use all of them.",
    data: "DIR: the folder with the files you loaded.",
    retuned:
      "While it ran, rates were changed or steps done with W or B alone; the commands use the present rates, and whole steps, from the start.",
    noise: "One line a rule. Every row of its output is a point of these curves.",
  },
  target: {
    reached: (rule: string, loss: string, target: string, iteration: string) =>
      `${rule} has reached a test loss of ${loss} (target ${target}) at iteration ${iteration}. The run is paused.`,
  },
  part: "In this run single steps were done with W or B alone. A link or a command repeats it with whole steps; a saved file goes on from here.",
  at: {
    link: "Copy link to here",
    linkTitle: "A link that restores these settings, trains to this very iteration and pauses",
    copied: (iteration: string) =>
      `The link is copied. It restores these settings and the seed, trains to iteration ${iteration} and pauses.`,
    bad: (given: string) => `at = “${given}” is not an iteration and is ignored.`,
    going: (iteration: string) =>
      `The link leads to iteration ${iteration}: training until there, then a pause.`,
  },
  svg: "SVG",
  svgTitle: (title: string) => `Save “${title}” as an SVG drawing`,
} as const;
