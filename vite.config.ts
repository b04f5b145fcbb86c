/** The page's build: www/ in, dist/ out; a static site with relative URLs that works from any folder of any host. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { offline } from "./scripts/lib/offline.mjs";

const root = fileURLToPath(new URL("./www", import.meta.url));

/** Every page of the site that exists; each becomes an HTML file of the same name in dist/. */
const pages = ["index.html", "article.html", "embed.html"]
  .map((name) => `${root}/${name}`)
  .filter((path) => existsSync(path));

export default defineConfig({
  root,
  base: "./",
  clearScreen: false,
  plugins: [offline()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    // The page's Content-Security-Policy allows neither data: scripts nor inline ones.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: pages },
  },
  worker: { format: "es" },
});
