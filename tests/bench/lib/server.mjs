/**
 * A static server on 127.0.0.1 for the benchmark's page: this folder, the peers, the built module
 * and what Node prepares in memory (set-ups, reference results, the assembled peak loops).
 * Sends no isolation headers: without SharedArrayBuffer every library keeps to one thread.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/**
 * `folders`: { "/prefix/": directory }; `memory`: Map of URL path -> bytes, or a function that
 * makes them at the first request. Resolves to { url, close }.
 */
export async function serve(folders, memory) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    try {
      const body = await find(decodeURIComponent(pathname), folders, memory);
      const type = TYPES[path.extname(pathname)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
    } catch (error) {
      response.writeHead(404, { "content-type": "text/plain" }).end(String(error.message));
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function find(pathname, folders, memory) {
  const held = memory.get(pathname);
  if (typeof held === "function") memory.set(pathname, await held());
  if (held) return memory.get(pathname);
  for (const [prefix, folder] of Object.entries(folders)) {
    const file = path.join(folder, pathname.slice(prefix.length));
    if (pathname.startsWith(prefix) && file.startsWith(folder)) return readFile(file);
  }
  throw new Error(`nothing is served at ${pathname}`);
}
