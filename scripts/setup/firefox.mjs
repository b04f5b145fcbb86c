/** Setup step: a stock Firefox; the tests speak WebDriver BiDi with it, so it needs no driver of its own. */
import { existsSync } from "node:fs";
import { pretty } from "../lib/paths.mjs";
import { ask, which } from "../lib/run.mjs";
import { Failure } from "../lib/terminal.mjs";
import { aptInstall } from "./system.mjs";

const BROWSERS = ["firefox-esr", "firefox"];
const BROWSER_PATHS = ["/Applications/Firefox.app/Contents/MacOS/firefox"];

/** The first whose BiDi server the tests were seen to work with. */
export const OLDEST = 140;

/** @param {NodeJS.ProcessEnv} env @returns {Promise<{ file: string, version: string } | undefined>} */
async function newEnough(env) {
  const files = [env.FIREFOX, ...BROWSERS.map((name) => which(name, env)), ...BROWSER_PATHS];
  for (const file of files) {
    if (!file || !existsSync(file)) continue;
    const text = (await ask(file, ["--version"], { env })) ?? "";
    const version = /Firefox (\d+)[.\d]*(esr)?/.exec(text);
    if (version && Number(version[1]) >= OLDEST) {
      return { file, version: version[0].slice("Firefox ".length) };
    }
  }
  return undefined;
}

/** @type {import("../setup.mjs").Step} */
export const firefox = {
  name: "firefox",
  does: "install Firefox ESR with apt-get",
  why: "the page is tested in a browser of another family, too",
  usually: "under a minute",
  needs: [],
  optional: "the tests in Firefox",
  async find(tools) {
    const found = await newEnough(tools.env);
    if (!found) return undefined;
    tools.firefox = found.file;
    return `${found.version} (${pretty(found.file)})`;
  },
  async install({ env }) {
    const elsewhere = `install Firefox ${OLDEST} or newer (macOS: brew install --cask firefox); elsewhere than on PATH, name it in FIREFOX`;
    await aptInstall("Firefox", ["firefox-esr"], elsewhere, env);
    if (!(await newEnough(env))) {
      throw new Failure("finding a Firefox", {
        cause: `the one that apt-get installed is older than ${OLDEST}, or does not start`,
        remedy: elsewhere,
      });
    }
  },
};
