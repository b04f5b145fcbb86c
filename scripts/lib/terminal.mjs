/** What the scripts say, and how a failure is told: what failed, why, and what to do about it. */
import { AsyncLocalStorage } from "node:async_hooks";

export const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
/** @param {string} code */
const paint = (code) => (/** @type {string} */ text) =>
  colour ? `\x1b[${code}m${text}\x1b[0m` : text;
export const bold = paint("1");
export const dim = paint("2");
export const red = paint("31");
export const green = paint("32");

// `npm test | head` closes the pipe early: that is the reader's wish, not an error.
process.stdout.on("error", (error) => {
  if (/** @type {NodeJS.ErrnoException} */ (error).code === "EPIPE") process.exit(141);
  throw error;
});

/** What lines of the job at hand begin with. @type {AsyncLocalStorage<string>} */
const prefix = new AsyncLocalStorage();

/** Everything that `job` says, and the commands it runs, has this before each line. @template T @param {string} text @param {() => Promise<T>} job */
export const prefixed = (text, job) => prefix.run(dim(text), job);

/**
 * Passes text on as the job at hand wants it: at once, or, if jobs run side by side, by whole lines.
 * @param {{ write: (text: string) => unknown }} to @returns {{ write: (text: string) => void, end: () => void }}
 */
export function writer(to) {
  const before = prefix.getStore();
  if (before === undefined) return { write: (text) => void to.write(text), end: () => {} };
  let rest = "";
  return {
    write(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length > 0) to.write(lines.map((line) => `${before}${line}\n`).join(""));
    },
    end() {
      if (rest !== "") to.write(`${before}${rest}\n`);
    },
  };
}

/** @param {string} line */
export const say = (line = "") => writer(process.stdout).write(`${line}\n`);

/** 840 ms, 12.3 s, 2 min 5 s. @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** @param {number} bytes */
export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

/** An error that a reader can act on. It is printed without a stack trace. */
export class Failure extends Error {
  /**
   * @param {string} what what did not work
   * @param {{ cause: string, remedy: string }} why
   */
  constructor(what, { cause, remedy }) {
    super(what);
    this.name = "Failure";
    this.why = cause;
    this.remedy = remedy;
  }
}

/** @param {unknown} error */
export function explain(error) {
  if (error instanceof Failure) {
    const indent = (/** @type {string} */ text) => text.replaceAll("\n", "\n            ");
    say(red(`  failed:   ${indent(error.message)}`));
    say(`  cause:    ${indent(error.why)}`);
    say(`  remedy:   ${indent(error.remedy)}`);
  } else {
    say(red(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  }
}

/** Runs a script's main function; a failure is explained and becomes exit code 1. @param {() => Promise<number | void>} main */
export function launch(main) {
  main().then(
    (code) => {
      process.exitCode = code ?? 0;
    },
    (error) => {
      explain(error);
      process.exitCode = 1;
    },
  );
}
