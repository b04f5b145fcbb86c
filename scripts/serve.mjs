/**
 * A static file server for dist/, on this machine only unless told otherwise. It adds no policy of its own (the page
 * carries its Content-Security-Policy), never compresses, and cannot be talked into leaving its folder.
 * Hashed files below assets/ may be kept for ever; everything else is checked against its ETag every time.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { Failure, say } from "./lib/terminal.mjs";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".bin": "application/octet-stream",
  ".gz": "application/gzip",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
};

/** Ports tried after the one asked for. */
const MORE_PORTS = 20;

/**
 * @typedef {{ root: string, base?: string }} SiteOptions `base` is the URL folder the site appears under, "/" if absent
 * @typedef {{ status: number, headers?: Record<string, string>, file?: string }} Answer
 */

/** The answer to a request for `url`, without sending it. @param {string} url @param {Required<SiteOptions>} site @returns {Promise<Answer>} */
async function answer(url, { root, base }) {
  let pathname;
  try {
    pathname = decodeURIComponent(url.replace(/[?#].*$/s, ""));
  } catch {
    return { status: 400 };
  }
  if (pathname.includes("\0") || pathname.includes("\\")) return { status: 400 };
  if (`${pathname}/` === base) return { status: 301, headers: { Location: base } };
  if (!pathname.startsWith(base)) return { status: 404 };

  let file = path.resolve(root, `./${pathname.slice(base.length)}`);
  if (!inside(file, root)) return { status: 404 };
  let info = await stat(file).catch(() => undefined);
  if (info?.isDirectory()) {
    // Relative URLs on the page need the slash. Collapse leading slashes: "//host" would lead to another site.
    if (!pathname.endsWith("/")) {
      return { status: 301, headers: { Location: encodeURI(`${pathname}/`).replace(/^\/+/, "/") } };
    }
    file = path.join(file, "index.html");
    info = await stat(file).catch(() => undefined);
  }
  if (!info?.isFile()) return { status: 404 };
  if (!inside(await realpath(file), await realpath(root))) return { status: 404 };

  const hashed = path.relative(root, file).split(path.sep)[0] === "assets";
  return {
    status: 200,
    file,
    headers: {
      "Content-Type": TYPES[path.extname(file).toLowerCase()] ?? "application/octet-stream",
      "Content-Length": String(info.size),
      "Cache-Control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
      "X-Content-Type-Options": "nosniff",
      // As static hosts such as GitHub Pages send it: pages elsewhere may embed the element.
      "Access-Control-Allow-Origin": "*",
      ETag: `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`,
    },
  };
}

/** @param {string} file @param {string} folder */
const inside = (file, folder) => file === folder || file.startsWith(folder + path.sep);

/** @param {http.IncomingMessage} request @param {http.ServerResponse} response @param {Required<SiteOptions>} site */
async function respond(request, response, site) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { Allow: "GET, HEAD" }).end();
    return;
  }
  const { status, headers, file } = await answer(request.url ?? "/", site);
  if (file === undefined) {
    const text = `${status} ${http.STATUS_CODES[status]}\n`;
    response
      .writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers })
      .end(text);
  } else if (request.headers["if-none-match"] === headers?.ETag) {
    const { "Content-Length": _, ...rest } = headers ?? {};
    response.writeHead(304, rest).end();
  } else {
    response.writeHead(status, headers);
    if (request.method === "HEAD") response.end();
    else
      createReadStream(file)
        .on("error", () => response.destroy())
        .pipe(response);
  }
}

/**
 * Starts serving. A port that is taken is reported and the next free one is used.
 * @param {SiteOptions & { port?: number, host?: string }} options port 0 means any free one
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 */
export async function serve({ root, base = "/", port = 8000, host = "127.0.0.1" }) {
  const site = { root: path.resolve(root), base };
  const server = http.createServer((request, response) => {
    respond(request, response, site).catch((error) => {
      say(`serving ${request.url}: ${error}`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  const actual = await listen(server, port, host);
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return {
    url: `http://${name.includes(":") ? `[${name}]` : name}:${actual}${base}`,
    port: actual,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @param {http.Server} server @param {number} wanted @param {string} host @returns {Promise<number>} */
async function listen(server, wanted, host) {
  const last = Math.min(wanted + MORE_PORTS, 65_535);
  for (let port = wanted; port <= last; port++) {
    const error = await tryListen(server, port, host);
    if (!error) {
      if (port !== wanted) say(`Port ${wanted} is in use by another program; using ${port}.`);
      const address = server.address();
      return typeof address === "object" && address ? address.port : port;
    }
    if (error.code === "EADDRINUSE" && wanted !== 0) continue;
    throw new Failure(`listening on ${host}, port ${port}`, {
      cause: error.code === "EACCES" ? "this port needs administrator rights" : error.message,
      remedy:
        error.code === "EACCES"
          ? "choose a port above 1023: npm start -- --port 8080"
          : "choose an address of this machine: npm start -- --host 127.0.0.1",
    });
  }
  throw new Failure("finding a free port", {
    cause: `all ports from ${wanted} to ${last} are in use`,
    remedy: "choose another one: npm start -- --port 9000",
  });
}

/** @param {http.Server} server @param {number} port @param {string} host @returns {Promise<NodeJS.ErrnoException | undefined>} */
function tryListen(server, port, host) {
  return new Promise((resolve) => {
    const failed = (/** @type {NodeJS.ErrnoException} */ error) => resolve(error);
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      resolve(undefined);
    });
  });
}
