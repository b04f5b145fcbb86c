/** Unit tests of the page's TypeScript: every *.test.ts below www/, in Node, without a browser. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("./www", import.meta.url)),
  test: {
    include: ["**/*.test.ts"],
    environment: "node",
  },
});
