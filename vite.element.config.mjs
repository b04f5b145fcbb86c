/**
 * The npm package's build: one module, the wasm core, the digits and a font, in dist/package/. It is part of the
 * site, so a page anywhere can load it from there by a script tag.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
const www = path.join(here, "www");

/** What stands in the package beside the bundle. @param {string} outDir */
function describe(outDir) {
  const site = JSON.parse(readFileSync(path.join(here, "package.json"), "utf8"));
  const description = {
    name: site.name,
    version: site.version,
    description: site.description,
    // The font has a licence of its own.
    license: `(${site.license}) AND OFL-1.1`,
    type: "module",
    exports: { ".": { types: "./credit-lab.d.ts", default: "./credit-lab.js" } },
    types: "./credit-lab.d.ts",
    // Importing it registers the element: a bundler must not leave it out.
    sideEffects: true,
    files: [
      "credit-lab.js",
      "credit-lab.d.ts",
      "credit_lab_bg.wasm",
      "credit_lab_scalar_bg.wasm",
      "data",
      "fonts",
    ],
    keywords: ["web-component", "neural-network", "machine-learning", "wasm", "visualization"],
  };
  writeFileSync(path.join(outDir, "package.json"), `${JSON.stringify(description, undefined, 2)}\n`);
  cpSync(path.join(www, "package", "README.md"), path.join(outDir, "README.md"));
  const api = readFileSync(path.join(www, "src", "element", "api.ts"), "utf8");
  // The class, for those who import it by name.
  const value =
    "\nexport declare const CreditLabElement: { new (): CreditLabElement; prototype: CreditLabElement };\n";
  writeFileSync(path.join(outDir, "credit-lab.d.ts"), api + value);
  mkdirSync(path.join(outDir, "data"), { recursive: true });
  cpSync(
    path.join(www, "public", "data", "mnist-10k.bin"),
    path.join(outDir, "data", "mnist-10k.bin"),
  );
  cpSync(path.join(www, "public", "fonts"), path.join(outDir, "fonts"), { recursive: true });
}

export default defineConfig({
  root: www,
  base: "./",
  publicDir: false,
  clearScreen: false,
  build: {
    outDir: "../dist/package",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    // One file on purpose: all of it is needed.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      input: path.join(www, "src", "element", "index.ts"),
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "credit-lab.js",
        assetFileNames: "[name][extname]",
        codeSplitting: false,
      },
    },
  },
  worker: { format: "es" },
  plugins: [
    {
      name: "credit-lab:package",
      writeBundle: ({ dir }) => describe(dir ?? path.join(here, "dist", "package")),
    },
  ],
});
