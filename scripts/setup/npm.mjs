/** Setup step: the npm packages of package-lock.json. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inRoot, work } from "../lib/paths.mjs";
import { must } from "../lib/run.mjs";
import { Failure } from "../lib/terminal.mjs";

const lock = inRoot("package-lock.json");
/** Written by npm itself as the last thing of an installation. */
const installed = inRoot("node_modules", ".package-lock.json");
const stamp = path.join(work, "npm-packages");

const lockHash = () => createHash("sha256").update(readFileSync(lock)).digest("hex");

/** @type {import("../setup.mjs").Step} */
export const npmPackages = {
  name: "npm packages",
  does: "npm ci",
  why: "the page is built with Vite and TypeScript, and the built-in digits come from a package",
  usually: "10 to 60 s",
  needs: ["node"],
  async find() {
    if (!existsSync(lock)) {
      throw new Failure("looking for package-lock.json", {
        cause: "the file is missing",
        remedy: "restore it: git checkout package-lock.json",
      });
    }
    if (!existsSync(installed)) return undefined;
    // A checkout may touch the lock file without changing it, and `npm install` by hand leaves no stamp: either will do.
    const same = existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash();
    const newer = statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
    return same || newer ? "as in package-lock.json" : undefined;
  },
  async install({ env }) {
    const remedy =
      "check the connection to the npm registry (npm ping), or that package.json and package-lock.json fit: npm install";
    const args = ["ci", "--include=dev", "--no-audit", "--no-fund"];
    const npm = process.env.npm_execpath;
    await (npm?.endsWith(".js")
      ? must("npm ci", remedy, process.execPath, [npm, ...args], { env })
      : must("npm ci", remedy, "npm", args, { env }));
    mkdirSync(work, { recursive: true });
    writeFileSync(stamp, lockHash());
  },
};
