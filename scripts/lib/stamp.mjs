/**
 * Doing a build step only when its inputs changed. A stamp holds one hash over the inputs' bytes and one over the
 * outputs' bytes: time stamps say nothing after `git checkout`, and a deleted or edited output must be made again.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root, work } from "./paths.mjs";

/** All files below the given files and folders, sorted; missing ones are left out. @param {string[]} entries @returns {string[]} */
export function filesBelow(entries) {
  return entries
    .filter((entry) => existsSync(entry))
    .flatMap((entry) => {
      if (!statSync(entry).isDirectory()) return [entry];
      const names = readdirSync(entry).filter((name) => name !== "node_modules");
      return filesBelow(names.map((name) => path.join(entry, name)));
    })
    .sort();
}

/** @param {string[]} entries files and folders @param {string[]} words anything else that decides the output: versions, flags */
export function hashOf(entries, words = []) {
  const hash = createHash("sha256").update(JSON.stringify(words));
  for (const file of filesBelow(entries)) {
    hash.update(`\0${path.relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/**
 * Runs `make` unless the stamp of that name says that these inputs already gave these outputs.
 * @param {{ name: string, inputs: string[], words?: string[], outputs: string[] }} step
 * @param {() => Promise<void>} make
 * @returns {Promise<boolean>} whether it ran
 */
export async function whenChanged({ name, inputs, words, outputs }, make) {
  const stamp = path.join(work, `${name}.stamp`);
  const before = hashOf(inputs, words);
  if (outputs.every((output) => existsSync(output)) && existsSync(stamp)) {
    if (readFileSync(stamp, "utf8") === `${before} ${hashOf(outputs)}\n`) return false;
  }
  await make();
  mkdirSync(work, { recursive: true });
  writeFileSync(stamp, `${before} ${hashOf(outputs)}\n`);
  return true;
}
