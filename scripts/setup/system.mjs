/** Installing packages of the operating system: Debian and its relatives by apt-get, otherwise the reader is told what to do. */
import { must, run, which } from "../lib/run.mjs";
import { Failure } from "../lib/terminal.mjs";

/**
 * @param {string} what
 * @param {string[]} packages Debian package names
 * @param {string} elsewhere what to do on another system
 * @param {NodeJS.ProcessEnv} env
 */
export async function aptInstall(what, packages, elsewhere, env) {
  const command = `apt-get update && apt-get install -y ${packages.join(" ")}`;
  if (!which("apt-get", env)) {
    throw new Failure(`installing ${what}`, {
      cause: "this system has no apt-get, so it cannot be installed for you",
      remedy: elsewhere,
    });
  }
  const prefix = await asRoot(what, command, env);
  const apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2"];
  const noQuestions = { ...env, DEBIAN_FRONTEND: "noninteractive" };
  const remedy = `read apt-get's message above; by hand, as root: ${command}`;
  const [program = "", ...rest] = [...prefix, ...apt];
  await must(`apt-get update, for ${what}`, remedy, program, [...rest, "update"], {
    env: noQuestions,
  });
  const install = [...rest, "install", "-y", "--no-install-recommends", ...packages];
  await must(`installing ${what}`, remedy, program, install, { env: noQuestions });
}

/** Words to put before a command that needs root. @param {string} what @param {string} command @param {NodeJS.ProcessEnv} env */
async function asRoot(what, command, env) {
  if (process.getuid?.() === 0) return [];
  const sudo = which("sudo", env);
  // -n: never ask for a password, nobody may be there to give it.
  if (sudo && (await run(sudo, ["-n", "true"], { quiet: true, minutes: 1 })).ok) {
    return [sudo, "-n", "--preserve-env=DEBIAN_FRONTEND"];
  }
  throw new Failure(`installing ${what}`, {
    cause: sudo
      ? "it needs administrator rights, and sudo asks for a password here"
      : "it needs administrator rights, and this user is not root",
    remedy: `run this once, then try again: ${sudo ? `sudo sh -c '${command}'` : `${command}   (as root)`}`,
  });
}
