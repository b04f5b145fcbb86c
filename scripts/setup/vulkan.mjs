/** Setup step: a Vulkan driver, for the tests of training on a GPU. Mesa's computes on the CPU, so no GPU is needed. */
import { existsSync, readdirSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { aptInstall } from "./system.mjs";

const LOADER = "libvulkan.so.1";

/** Systems whose own graphics interface is used instead. @type {Partial<Record<NodeJS.Platform, string>>} */
const BUILT_IN = {
  darwin: "not needed: macOS has Metal",
  win32: "not needed: Windows has Direct3D 12",
};

/**
 * Whether the system's linker finds a shared library; it alone knows all places where one may be.
 * @param {string} library
 */
export function loads(library) {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    // Loaded, and then refused by Node, since it is not a module for Node.
    return String(error).includes("did not self-register");
  }
}

/**
 * The drivers' manifests, in the places where the Vulkan loader looks for them.
 * @param {NodeJS.ProcessEnv} env @returns {string[]}
 */
export function driverManifests(env) {
  const split = (/** @type {string | undefined} */ list) =>
    (list ?? "").split(path.delimiter).filter((entry) => entry !== "");
  // What the user names replaces the search.
  const named = split(env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES);
  const home = env.HOME || os.homedir();
  const data = [
    env.XDG_DATA_HOME || path.join(home, ".local", "share"),
    ...split(env.XDG_DATA_DIRS || "/usr/local/share:/usr/share"),
  ];
  const folders = ["/etc", ...data].map((folder) => path.join(folder, "vulkan", "icd.d"));
  return (named.length > 0 ? named : folders).flatMap(manifestsIn);
}

/** @param {string} entry a manifest or a folder of them; either may be missing @returns {string[]} */
function manifestsIn(entry) {
  if (!existsSync(entry)) return [];
  if (!statSync(entry).isDirectory()) return [entry];
  const names = readdirSync(entry).filter((name) => name.endsWith(".json"));
  return names.map((name) => path.join(entry, name));
}

/** @type {import("../setup.mjs").Step} */
export const vulkan = {
  name: "vulkan",
  does: "install Mesa's Vulkan drivers with apt-get",
  why: "training on a GPU is tested on them, without a GPU",
  usually: "under a minute",
  needs: [],
  optional: "the GPU tests",
  async find({ env }) {
    const builtIn = BUILT_IN[process.platform];
    if (builtIn) return builtIn;
    const drivers = driverManifests(env).map((file) => path.basename(file, ".json"));
    return drivers.length > 0 && loads(LOADER) ? drivers.join(", ") : undefined;
  },
  install: ({ env }) =>
    aptInstall(
      "Vulkan",
      ["libvulkan1", "mesa-vulkan-drivers"],
      `install the Vulkan loader (${LOADER}) and a driver, such as Mesa's lavapipe`,
      env,
    ),
};
