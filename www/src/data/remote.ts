/**
 * Data from the `data=` address: a folder that holds the four official IDX files, or CIFAR-10's or
 * CIFAR-100's binary files or archive, or the address of such an archive itself.
 *
 * Each file is looked for under its usual spellings, gzipped first; the first kind of which anything is
 * found is loaded. Nothing is requested before the reader has agreed to the host
 * (views/digits-loader.ts asks).
 */
import { FetchError, open, sizeOf } from "./fetch";
import { DataError, type Source } from "./files";

const idx = (stem: string, kind: string): string[] => [
  `${stem}-${kind}-ubyte.gz`,
  `${stem}-${kind}-ubyte`,
  `${stem}.${kind}-ubyte`,
];
const bin = (stem: string): string[] => [`${stem}.bin.gz`, `${stem}.bin`];

interface Kind {
  /** The file whose presence decides; each file under all its spellings. */
  readonly first: readonly string[];
  readonly rest: readonly (readonly string[])[];
  /** Some of the rest may be missing; the core says whether too many are. */
  readonly partial: boolean;
}

const KINDS: readonly Kind[] = [
  {
    first: idx("train-images", "idx3"),
    rest: [idx("train-labels", "idx1"), idx("t10k-images", "idx3"), idx("t10k-labels", "idx1")],
    partial: false,
  },
  {
    first: bin("test_batch"),
    rest: [1, 2, 3, 4, 5].map((n) => bin(`data_batch_${n}`)),
    partial: true,
  },
  { first: bin("test"), rest: [bin("train")], partial: false },
  { first: ["cifar-10-binary.tar.gz"], rest: [], partial: false },
  { first: ["cifar-100-binary.tar.gz"], rest: [], partial: false },
];

const ARCHIVE = /\.(tar|tar\.gz|tgz)$/i;

/**
 * A folder or archive address from the link, or null when it is not one this page may fetch: https
 * anywhere, and http only at the page's own origin, because the page's policy blocks it elsewhere.
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
  if (!url.pathname.endsWith("/") && !ARCHIVE.test(url.pathname)) url.pathname += "/";
  return url;
}

/** The files at that address, each requested only when the one before it has been read. */
export async function* remoteSources(
  address: URL,
  signal: AbortSignal,
): AsyncGenerator<Source, void, void> {
  if (!address.pathname.endsWith("/")) {
    const name = address.pathname.slice(address.pathname.lastIndexOf("/") + 1);
    yield found(await find(new URL(".", address), [name], signal));
    return;
  }
  let failure: Missing | null = null;
  for (const kind of KINDS) {
    const first = await find(address, kind.first, signal);
    if (first instanceof Missing) {
      failure = first;
      continue;
    }
    yield first;
    for (const names of kind.rest) {
      const source = await find(address, names, signal);
      if (kind.partial && source instanceof Missing) continue;
      yield found(source);
    }
    return;
  }
  const looked = KINDS.map(({ first }) => first[0]).join(", ");
  throw new DataError(looked, failure?.message ?? "not found.");
}

/** No spelling of a file is there; says what the server answered last. */
class Missing {
  constructor(
    readonly name: string,
    readonly message: string,
  ) {}
}

function found(source: Source | Missing): Source {
  if (source instanceof Missing) throw new DataError(source.name, source.message);
  return source;
}

async function find(
  folder: URL,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Source | Missing> {
  let missing = new Missing(names[0] ?? "", "not found.");
  for (const name of names) {
    try {
      const response = await open(new URL(name, folder), signal);
      const { body } = response;
      if (body === null) throw new DataError(name, "the server sent nothing.");
      return { name, size: sizeOf(response), stream: async () => body };
    } catch (thrown) {
      if (!(thrown instanceof FetchError)) throw thrown;
      // Only "there is no such file" is worth another spelling.
      if (thrown.status !== 404 && thrown.status !== 403) throw new DataError(name, thrown.message);
      missing = new Missing(missing.name, thrown.message);
    }
  }
  return missing;
}
