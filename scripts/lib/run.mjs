/**
 * Child processes: output passes through as it comes and its end is kept, so that a failure can be explained;
 * a time limit or Ctrl-C ends the whole family of the child, not only the child.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";
import { colour, dim, Failure, say, writer } from "./terminal.mjs";

/** Characters of output kept for explaining a failure: a compiler's last few errors. */
const TAIL = 20_000;

/** Milliseconds between asking a hanging child to end and making it. */
const GRACE = 5000;

/** Children write into a pipe; they may still use colours when we do. */
const COLOURS = colour ? { CARGO_TERM_COLOR: "always", FORCE_COLOR: "1" } : { NO_COLOR: "1" };

/** @type {Set<number>} */
const running = new Set();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    for (const pid of running) endFamily(pid, signal);
    process.exit(signal === "SIGINT" ? 130 : 143);
  });
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function endFamily(pid, signal) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

/**
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, minutes?: number, quiet?: boolean }} RunOptions
 * @typedef {{ ok: boolean, code: number | null, output: string, timedOut: boolean }} RunResult
 */

/**
 * Runs a command to its end and never throws for what the command did. `quiet` keeps the output without showing it.
 * @param {string} command @param {string[]} args @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(
  command,
  args,
  { cwd = root, env = process.env, minutes = 30, quiet = false } = {},
) {
  return new Promise((resolve) => {
    let output = "";
    let timedOut = false;
    const keep = (/** @type {string} */ text) => {
      output = (output + text).slice(-TAIL);
    };
    const child = spawn(command, args, {
      cwd,
      env: { ...COLOURS, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const limit = setTimeout(() => {
      timedOut = true;
      if (pid === undefined) return;
      // Asked first: a test runner then still closes its browser, which lives in a family of its own.
      endFamily(pid, "SIGTERM");
      setTimeout(() => endFamily(pid, "SIGKILL"), GRACE).unref();
    }, minutes * 60_000);
    const shown = [writer(process.stdout), writer(process.stderr)];
    for (const [i, stream] of [child.stdout, child.stderr].entries()) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        keep(text);
        if (!quiet) shown[i]?.write(text);
      });
    }
    const finish = (/** @type {number | null} */ code) => {
      clearTimeout(limit);
      if (pid !== undefined) running.delete(pid);
      for (const to of shown) to.end();
      resolve({ ok: code === 0 && !timedOut, code, output, timedOut });
    };
    child.on("error", (error) => {
      keep(String(error));
      finish(null);
    });
    child.on("close", finish);
  });
}

/** As `run`, after printing the command itself. @param {string} command @param {string[]} args @param {RunOptions} [options] */
export function runShown(command, args, options) {
  say(dim(`$ ${[path.basename(command), ...args].join(" ")}`));
  return run(command, args, options);
}

/**
 * Runs a command that must succeed.
 * @param {string} what what it is for, as the failure will say it
 * @param {string} remedy
 * @param {string} command @param {string[]} args @param {RunOptions} [options]
 */
export async function must(what, remedy, command, args, options) {
  const result = await runShown(command, args, options);
  if (!result.ok) throw new Failure(what, { cause: causeOf(command, result), remedy });
  return result.output;
}

/** Output of a short command, or undefined if it is missing or fails. @param {string} command @param {string[]} args @param {RunOptions} [options] */
export async function ask(command, args, options) {
  const result = await run(command, args, { quiet: true, minutes: 1, ...options });
  return result.ok ? result.output.trim() : undefined;
}

/** Why a command failed, in words. @param {string} command @param {RunResult} result */
export function causeOf(command, { code, output, timedOut }) {
  const name = path.basename(command);
  if (timedOut) return `${name} did not finish within its time limit and was stopped`;
  if (code === null && output.includes("ENOENT")) return `${name} could not be started: not found`;
  if (isOffline(output))
    return `the network or the package registry could not be reached (see ${name}'s lines above)`;
  if (/ENOSPC|No space left on device/.test(output)) return "the disk is full";
  if (/linker `\w+` not found/.test(output)) return "Rust found no C linker";
  return code === null
    ? `${name} was ended from outside`
    : `${name} ended with exit code ${code} (its own words are above)`;
}

/** @param {string} output */
export const isOffline = (output) =>
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|Could(n't| not) resolve|Temporary failure (in name resolution|resolving)|dns error|failed to lookup address|network failure|spurious network error|Could not connect/i.test(
    output,
  );

/** Full path of a program on PATH. @param {string} name @param {NodeJS.ProcessEnv} [env] */
export function which(name, env = process.env) {
  const suffix = process.platform === "win32" ? ".exe" : "";
  for (const folder of (env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, name + suffix);
    if (folder && isProgram(file)) return file;
  }
  return undefined;
}

/** @param {string} file */
export function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
