/** The command line tools among the npm packages, as arguments for `node`: no shell, no search on PATH. */
import { inRoot } from "./paths.mjs";

/** @param {string[]} parts @returns {[string]} */
const script = (...parts) => [inRoot("node_modules", ...parts)];

export const biome = script("@biomejs", "biome", "bin", "biome");
export const tsc = script("typescript", "bin", "tsc");
export const vite = script("vite", "bin", "vite.js");
export const vitest = script("vitest", "vitest.mjs");
export const wasmOpt = script("binaryen", "bin", "wasm-opt");
