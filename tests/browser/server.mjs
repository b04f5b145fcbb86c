/**
 * Serves the built site from a sub-folder of a local host, as a static host would, so that an absolute
 * URL anywhere in the page is found out. A test may answer further paths (`extra`).
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".bin": "application/octet-stream",
  ".json": "application/json",
};

export const FOLDER = "/some/folder/";

/** @param {string} dist @returns {Promise<{url: string, extra: Map<string, (response: import("node:http").ServerResponse) => void>, requests: string[], close: () => Promise<void>}>} */
export async function serveSite(dist) {
  const root = path.resolve(dist);
  if (!existsSync(path.join(root, "index.html"))) {
    throw new Error(`no built site in ${root}: run "npm run build", or set DIST to its folder`);
  }
  const extra = new Map();
  const requests = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    requests.push(pathname);
    const answer = extra.get(pathname);
    if (answer !== undefined) return answer(response);
    const inside = pathname.startsWith(FOLDER)
      ? pathname.slice(FOLDER.length) || "index.html"
      : null;
    const file = inside === null ? null : path.join(root, path.normalize(inside));
    if (file === null || !file.startsWith(root) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end("not found");
      return;
    }
    const type = TYPES[path.extname(file)] ?? "application/octet-stream";
    // As static hosts such as GitHub Pages do, for pages elsewhere that embed the element.
    const cors = { "access-control-allow-origin": "*" };
    response.writeHead(200, {
      "content-type": type,
      "content-length": statSync(file).size,
      ...cors,
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}${FOLDER}`,
    extra,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
