/** Setup step: a Chromium or Chrome, and the chromedriver of the same version. */
import { existsSync } from "node:fs";
import { pretty } from "../lib/paths.mjs";
import { ask, which } from "../lib/run.mjs";
import { Failure } from "../lib/terminal.mjs";
import { aptInstall } from "./system.mjs";

const BROWSERS = [
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
  "chrome",
];
const BROWSER_PATHS = [
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const DRIVERS = ["chromedriver", "chromium.chromedriver"];
const DRIVER_PATHS = ["/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"];

/** @typedef {{ file: string, version: string }} Program */

/**
 * Those that start and tell their version, in order of preference.
 * @param {(string | undefined)[]} files @param {NodeJS.ProcessEnv} env @returns {Promise<Program[]>}
 */
async function working(files, env) {
  const there = files.filter((file) => file !== undefined).filter((file) => existsSync(file));
  const asked = [...new Set(there)].map(async (file) => {
    const version = /(\d+)\.\d+\.\d+(\.\d+)?/.exec(
      (await ask(file, ["--version"], { env })) ?? "",
    )?.[0];
    return version ? [{ file, version }] : [];
  });
  return (await Promise.all(asked)).flat();
}

/** @param {string} version */
const major = (version) => version.split(".")[0];

/** @param {NodeJS.ProcessEnv} env */
async function findPair(env) {
  const [browsers, drivers] = await Promise.all([
    working(
      [env.CHROME_BIN, env.CHROMIUM, ...BROWSERS.map((name) => which(name, env)), ...BROWSER_PATHS],
      env,
    ),
    working([env.CHROMEDRIVER, ...DRIVERS.map((name) => which(name, env)), ...DRIVER_PATHS], env),
  ]);
  for (const browser of browsers) {
    const driver = drivers.find(({ version }) => major(version) === major(browser.version));
    if (driver) return { browser, driver };
  }
  return { found: [...browsers, ...drivers] };
}

/** @type {import("../setup.mjs").Step} */
export const chromium = {
  name: "chromium",
  does: "install Chromium and its chromedriver with apt-get",
  why: "the core and the page are tested in a real browser",
  usually: "1 to 2 min",
  needs: [],
  async find(tools) {
    const { browser, driver } = await findPair(tools.env);
    if (!browser) return undefined;
    tools.chromium = browser.file;
    tools.chromedriver = driver.file;
    return `${browser.version} (${pretty(browser.file)}, ${pretty(driver.file)})`;
  },
  async install({ env }) {
    const elsewhere =
      "install Chrome or Chromium and the chromedriver of the same version (macOS: brew install --cask google-chrome chromedriver); elsewhere than on PATH, name them in CHROME_BIN and CHROMEDRIVER";
    // Fonts are only recommended by the browser's package; without any, pages render without text.
    await aptInstall(
      "Chromium",
      ["chromium", "chromium-driver", "fonts-dejavu-core"],
      elsewhere,
      env,
    );
    const { found } = await findPair(env);
    if (found) {
      throw new Failure("finding a browser with its driver", {
        cause: `no chromedriver fits a browser: ${found.map(({ file, version }) => `${file} is ${version}`).join(", ") || "nothing was found"}`,
        remedy: elsewhere,
      });
    }
  },
};
