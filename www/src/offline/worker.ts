/**
 * The service worker: after the first visit the page works without a network. Becomes sw.js beside index.html; the
 * build gives it the list of files and their version (scripts/lib/offline.mjs).
 *
 * A new version takes over when no page of the old one is open any more, that is with the next visit. It is complete
 * before it does: files of two versions are never mixed.
 */
import { cacheName, cachePrefix, route } from "./policy";

declare const OFFLINE_FILES: readonly string[];
declare const OFFLINE_VERSION: string;

/** The little we use of it; the library for workers cannot be loaded beside the one for pages. */
interface Scope {
  readonly registration: { readonly scope: string };
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}
interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const worker = self as unknown as Scope;
const { scope } = worker.registration;
const name = cacheName(scope, OFFLINE_VERSION);

/** Names with a hash never change their content: what the page has just loaded will do. */
const load = (file: string): Request =>
  new Request(new URL(file, scope), {
    cache: file.startsWith("assets/") ? "default" : "no-cache",
  });

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(OFFLINE_FILES.map(load))));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forget());
});

/** Deletes what older versions kept. */
async function forget(): Promise<void> {
  const old = (key: string): boolean => key.startsWith(cachePrefix(scope)) && key !== name;
  await Promise.all((await caches.keys()).filter(old).map((key) => caches.delete(key)));
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const asked = route(request, scope, OFFLINE_FILES);
  if (asked.kind === "file") event.respondWith(kept(asked.file).then((r) => r ?? fetch(request)));
  else if (asked.kind === "page") event.respondWith(page(request, asked.file));
});

async function kept(file: string): Promise<Response | undefined> {
  // Caches can be taken away at any time; the network is then still there.
  const cache = await caches.open(name).catch(() => undefined);
  const copy = await cache?.match(new URL(file, scope), { ignoreVary: true });
  // A host may have answered /article.html by way of /article; a page must not come from a redirect.
  return copy?.redirected === true ? new Response(copy.body, copy) : copy;
}

async function page(request: Request, file: string): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.status < 500) return response;
    return (await kept(file)) ?? response;
  } catch (thrown) {
    const copy = await kept(file);
    if (copy === undefined) throw thrown;
    return copy;
  }
}
