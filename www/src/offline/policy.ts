/** What the service worker does with a request; apart from the worker, so that it can be tested. */

/** Where the files of this version lie in the browser. Sites in other folders of the host have caches of their own. */
export function cacheName(scope: string, version: string): string {
  return `${cachePrefix(scope)}${version}`;
}

export function cachePrefix(scope: string): string {
  return `credit-lab ${new URL(scope).pathname} `;
}

/** What a request asks for. */
export type Route =
  /** An HTML file: the network's if it answers, since it names the current files; else the kept one. */
  | { readonly kind: "page"; readonly file: string }
  /** Any other file of this version: the kept one. */
  | { readonly kind: "file"; readonly file: string }
  /** Not ours, or not known: the browser does what it does without us, and nothing is kept. */
  | { readonly kind: "other" };

const OTHER: Route = { kind: "other" };

export function route(
  request: { readonly method: string; readonly url: string },
  scope: string,
  files: readonly string[],
): Route {
  if (request.method !== "GET") return OTHER;
  const url = new URL(request.url);
  const folder = new URL(scope);
  if (url.origin !== folder.origin || !url.pathname.startsWith(folder.pathname)) return OTHER;
  // Parameters are for the page's own script; the file is the same.
  const file = url.pathname.slice(folder.pathname.length) || "index.html";
  if (!files.includes(file)) return OTHER;
  return { kind: file.endsWith(".html") ? "page" : "file", file };
}
