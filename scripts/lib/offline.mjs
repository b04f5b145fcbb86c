/**
 * Vite plugin: sw.js beside index.html, with the list of all files of the site and a version made of their content.
 * See www/src/offline/worker.ts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inRoot, isScalar } from "./paths.mjs";
import { filesBelow, hashOf } from "./stamp.mjs";

const WORKER = "sw.js";

/** @returns {import("vite").Plugin} */
export function offline() {
  return {
    name: "credit-lab-offline",
    apply: "build",
    buildStart() {
      const id = inRoot("www", "src", "offline", "worker.ts");
      // As a module with nothing to import or export, it is a classic script as well, as Firefox wants it.
      this.emitFile({ type: "chunk", id, fileName: WORKER });
    },
    // When everything is written, also what Vite copies from public/: the list is what is really shipped.
    writeBundle: {
      order: "post",
      handler({ dir = "" }) {
        const worker = path.join(dir, WORKER);
        // A browser without SIMD, which needs the second core, is rare: it fetches it when it is online.
        const spared = (/** @type {string} */ file) =>
          file === worker || file.endsWith(".map") || isScalar(file);
        const files = filesBelow([dir]).filter((file) => !spared(file));
        const names = files.map((file) => path.relative(dir, file).split(path.sep).join("/"));
        const code = readFileSync(worker, "utf8");
        if (/\b(import|export)\b/.test(code)) this.error(`${WORKER} must be a single script`);
        const version = hashOf(files, [code]).slice(0, 16);
        const filled = code
          .replaceAll("OFFLINE_FILES", () => JSON.stringify(names))
          .replaceAll("OFFLINE_VERSION", () => JSON.stringify(version));
        writeFileSync(worker, filled);
      },
    },
  };
}
