/** Installing the libraries we compare with, when they are not there: only the benchmark needs them. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "../../../scripts/lib/run.mjs";
import { duration, say } from "../../../scripts/lib/terminal.mjs";

/** The folder of the benchmark. */
export const here = fileURLToPath(new URL("..", import.meta.url));

function installed() {
  const read = (...parts) => JSON.parse(readFileSync(path.join(here, ...parts), "utf8"));
  return Object.entries(read("package.json").dependencies).every(([name, version]) => {
    const file = ["node_modules", name, "package.json"];
    return existsSync(path.join(here, ...file)) && read(...file).version === version;
  });
}

export async function ensurePeers() {
  if (installed()) return;
  say(
    "Installing the libraries to compare with into tests/bench/node_modules (90 MB, about 10 s) …",
  );
  const started = Date.now();
  await must(
    "installing the benchmark's peers",
    "check the network and run `npm ci` in tests/bench",
    "npm",
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    { cwd: here, quiet: true, minutes: 10 },
  );
  say(`  done in ${duration(Date.now() - started)}`);
}
