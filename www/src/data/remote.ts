/**
 * Digits from the `data=` address: a folder that holds the four official IDX files.
 *
 * Each file is looked for under its usual spellings, gzipped first. Nothing is requested before the
 * reader has agreed to the host (views/data-panel.ts asks).
 */
import { FetchError, open } from "./fetch";
import { DataError, type Source } from "./idx";

const STEMS = [
  ["train-images", "idx3"],
  ["train-labels", "idx1"],
  ["t10k-images", "idx3"],
  ["t10k-labels", "idx1"],
] as const;

/**
 * A folder address from the link, or null when it is not one this page may fetch: https anywhere, and
 * http only at the page's own origin, because the page's policy blocks it elsewhere.
 */
export function folderUrl(given: string, base: string): URL | null {
  if (given.length === 0 || given.length > 1024) return null;
  let url: URL;
  try {
    url = new URL(given, base);
    const own = url.protocol === "http:" && url.origin === new URL(base).origin;
    if (url.protocol !== "https:" && !own) return null;
  } catch {
    return null;
  }
  if (url.username !== "" || url.password !== "") return null;
  url.search = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

export function remoteSources(folder: URL, signal: AbortSignal): Source[] {
  return STEMS.map(([stem, kind]) => {
    const names = [`${stem}-${kind}-ubyte.gz`, `${stem}-${kind}-ubyte`, `${stem}.${kind}-ubyte`];
    return remoteSource(folder, names, signal);
  });
}

function remoteSource(folder: URL, names: readonly string[], signal: AbortSignal): Source {
  const name = names[0] ?? "";
  return {
    name,
    size: null,
    stream: async () => {
      const response = await firstFound(folder, names, signal);
      if (response.body === null) throw new DataError(name, "the server sent nothing.");
      return response.body;
    },
  };
}

async function firstFound(
  folder: URL,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Response> {
  let failure = new DataError(names[0] ?? null, "not found.");
  for (const name of names) {
    try {
      return await open(new URL(name, folder), signal);
    } catch (thrown) {
      if (!(thrown instanceof FetchError)) throw thrown;
      failure = new DataError(name, thrown.message);
      // Only "there is no such file" is worth another spelling.
      if (thrown.status !== 404 && thrown.status !== 403) throw failure;
    }
  }
  throw failure;
}
