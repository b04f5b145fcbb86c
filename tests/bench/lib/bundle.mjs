/** Bundling in memory, with the Vite that builds the page: some peers are not plain browser modules. */
import { build } from "vite";

/** The ES module of `entry` with everything it imports, as text. */
export async function bundle(entry) {
  const result = await build({
    configFile: false,
    publicDir: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      target: "esnext",
      lib: { entry, formats: ["es"], fileName: "bundle" },
    },
  });
  const [{ output }] = Array.isArray(result) ? result : [result];
  const chunks = output.filter(({ type }) => type === "chunk");
  if (chunks.length !== 1) throw new Error(`${entry}: expected one chunk, got ${chunks.length}`);
  return chunks[0].code;
}
