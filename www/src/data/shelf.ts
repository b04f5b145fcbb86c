/**
 * Runs and pins kept in this browser (IndexedDB). In a private window or in a page within another one the browser
 * may refuse at any point, even when asked whether there is a database: every failure becomes a `ShelfError` with
 * one sentence, and the page works without. What is read back is checked like a file from a stranger.
 */
import { bytes } from "../format";
import { C } from "../messages/lab";

const NAME = "credit-lab";
const VERSION = 1;
/** The run that the reader left, saved by itself. */
export const LATEST = "latest";
/** Runs that a reader keeps, besides the latest. */
export const MAX_RUNS = 50;
/** One run, in bytes: the largest permitted networks of several rules. */
export const MAX_RUN = 256 * 1024 * 1024;
export const MAX_NAME = 60;
/** Points of the small curve in the list. */
export const CURVE = 40;

export class ShelfError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ShelfError";
  }
}

/** What the list says of a run without opening it. */
export interface KeptRun {
  readonly id: string;
  readonly name: string;
  /** When, in ms since 1970. */
  readonly made: number;
  readonly rules: readonly string[];
  readonly steps: number;
  readonly bytes: number;
  /** Test loss along the run, a rule each; between 0 (lowest of all) and 1. */
  readonly curve: Readonly<Record<string, readonly number[]>>;
}

const isText = (x: unknown, max: number): x is string => typeof x === "string" && x.length <= max;
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/** A record of the list, or null when no page has written it. */
export function asKept(x: unknown): KeptRun | null {
  if (typeof x !== "object" || x === null) return null;
  const { id, name, made, rules, steps, bytes: size, curve } = x as Record<string, unknown>;
  if (!isText(id, 64) || !isText(name, MAX_NAME) || !isCount(made) || made > 8.64e15) return null;
  if (!isCount(steps) || !isCount(size) || size > MAX_RUN) return null;
  if (!Array.isArray(rules) || rules.length === 0 || rules.length > 32) return null;
  if (!rules.every((rule) => isText(rule, 40) && /^[a-z][a-z0-9-]*$/.test(rule))) return null;
  const clean: Record<string, number[]> = {};
  if (typeof curve === "object" && curve !== null) {
    for (const rule of rules as string[]) {
      const line: unknown = (curve as Record<string, unknown>)[rule];
      if (!Array.isArray(line) || line.length > CURVE) continue;
      clean[rule] = line.filter((v): v is number => typeof v === "number" && v >= 0 && v <= 1);
    }
  }
  return { id, name, made, rules: rules as string[], steps, bytes: size, curve: clean };
}

/** A reader's name for a run: one line, not too long. */
export function cleanName(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_NAME);
}

/** About `CURVE` points of each curve, all on one scale: the first tenth, where the loss falls, may be cut off. */
export function thumbnail(
  curves: Readonly<Record<string, readonly number[]>>,
): Record<string, number[]> {
  const thin = Object.entries(curves).map(([rule, values]) => {
    const finite = values.filter(Number.isFinite);
    const n = Math.min(CURVE, finite.length);
    const at = (i: number): number => Math.round((i * (finite.length - 1)) / Math.max(1, n - 1));
    return [rule, Array.from({ length: n }, (_, i) => finite[at(i)] ?? 0)] as const;
  });
  const all = thin.flatMap(([, values]) => values);
  const lo = Math.min(...all);
  const later = thin.flatMap(([, values]) => values.slice(Math.floor(values.length / 10)));
  const hi = Math.max(...later);
  const scaled = (v: number): number =>
    hi > lo ? Math.round(1000 * Math.min(1, Math.max(0, (v - lo) / (hi - lo)))) / 1000 : 0.5;
  return Object.fromEntries(thin.map(([rule, values]) => [rule, values.map(scaled)]));
}

export class Shelf {
  private opened: Promise<IDBDatabase> | null = null;

  /** `find` may throw, as reading `indexedDB` itself does in some frames. */
  constructor(private readonly find: () => IDBFactory = () => indexedDB) {}

  /** Kept runs, newest first; what is damaged is left out. */
  async list(): Promise<readonly KeptRun[]> {
    const records = await this.ask<unknown[]>(["runs"], "readonly", (s) => s("runs").getAll());
    const runs = records.flatMap((record) => asKept(record) ?? []);
    return runs.sort((a, b) => b.made - a.made);
  }

  async file(id: string): Promise<Uint8Array> {
    const found = await this.ask<unknown>(["files"], "readonly", (s) => s("files").get(id));
    if (!(found instanceof Uint8Array) || found.length > MAX_RUN) {
      throw new ShelfError(C.shelf.damaged);
    }
    return found;
  }

  async put(run: KeptRun, file: Uint8Array): Promise<void> {
    if (file.length > MAX_RUN)
      throw new ShelfError(C.shelf.tooBig(bytes(file.length), bytes(MAX_RUN)));
    if (run.id !== LATEST) {
      const others = (await this.list()).filter(({ id }) => id !== LATEST && id !== run.id);
      if (others.length >= MAX_RUNS) throw new ShelfError(C.shelf.tooMany(others.length));
    }
    await this.ask(["runs", "files"], "readwrite", (s) => {
      s("files").put(file, run.id);
      return s("runs").put(run);
    });
  }

  /** Another name, or whatever else the list says. */
  async describe(run: KeptRun): Promise<void> {
    await this.ask(["runs"], "readwrite", (s) => s("runs").put(run));
  }

  async remove(id: string): Promise<void> {
    await this.ask(["runs", "files"], "readwrite", (s) => {
      s("files").delete(id);
      return s("runs").delete(id);
    });
  }

  async pins(): Promise<readonly unknown[]> {
    return this.ask<unknown[]>(["pins"], "readonly", (s) => s("pins").getAll());
  }

  async setPins(texts: ReadonlyMap<string, string>): Promise<void> {
    await this.ask(["pins"], "readwrite", (s) => {
      const cleared = s("pins").clear();
      for (const [letter, text] of texts) s("pins").put(text, letter);
      return cleared;
    });
  }

  private open(): Promise<IDBDatabase> {
    this.opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      let request: IDBOpenDBRequest;
      try {
        request = this.find().open(NAME, VERSION);
      } catch {
        reject(new ShelfError(C.shelf.none));
        return;
      }
      request.onupgradeneeded = () => {
        const db = request.result;
        for (const store of db.objectStoreNames) db.deleteObjectStore(store);
        db.createObjectStore("runs", { keyPath: "id" });
        db.createObjectStore("files");
        db.createObjectStore("pins");
      };
      request.onerror = () => reject(new ShelfError(C.shelf.none));
      request.onblocked = () => reject(new ShelfError(C.shelf.none));
      request.onsuccess = () => {
        const db = request.result;
        // Another tab has a newer page, or the reader has cleared the site's data.
        db.onversionchange = () => db.close();
        db.onclose = () => {
          this.opened = null;
        };
        resolve(db);
      };
    });
    return this.opened;
  }

  /** One transaction; resolves when it is committed, not before. */
  private async ask<T>(
    stores: readonly string[],
    mode: IDBTransactionMode,
    what: (store: (name: string) => IDBObjectStore) => IDBRequest,
  ): Promise<T> {
    const db = await this.open();
    return new Promise<T>((resolve, reject) => {
      const fail = (error: DOMException | null): void => {
        const full = error?.name === "QuotaExceededError";
        reject(new ShelfError(full ? C.shelf.full : C.shelf.failed(error?.message || "?")));
      };
      try {
        const transaction = db.transaction([...stores], mode);
        const request = what((name) => transaction.objectStore(name));
        // Nothing more comes: a page that is being left would not be asked again.
        if (mode === "readwrite") transaction.commit?.();
        transaction.oncomplete = () => resolve(request.result as T);
        transaction.onabort = () => fail(transaction.error);
        transaction.onerror = () => fail(transaction.error);
      } catch (thrown) {
        fail(thrown instanceof DOMException ? thrown : null);
      }
    });
  }
}
