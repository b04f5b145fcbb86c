/**
 * Where images come from: the built-in sample, files (MNIST's four, CIFAR's or its archive), or the
 * link's `data=` address.
 *
 * One load at a time; a new one cancels the old. A data set replaces the present one only when it is
 * complete and consistent, so every failure leaves things as they were and says so.
 */
import { clip } from "../config-url";
import { FetchError, type Progress } from "../data/fetch";
import { DataError, feed, finish, fromFile, type Source, sentence } from "../data/files";
import { folderUrl, remoteSources } from "../data/remote";
import type { SampleDigits } from "../data/sample";
import { type Core, coreError, type DatasetHandle, type LoaderHandle } from "../engine/protocol";
import { bytes, count } from "../format";
import { M, roleName } from "../messages";
import type { Action, Notices } from "./notices";
import type { ProgressLine } from "./progress";

export interface DigitsLoaderHost {
  readonly core: Core;
  readonly notices: Notices;
  readonly progress: ProgressLine;
  /** The packed digits that come with the page, shared with its other instruments. */
  readonly digits: SampleDigits;
  /** `own` is true for digits that the reader has brought. */
  onDigits(data: DatasetHandle, own: boolean): void;
  /** Digits of the sample are arriving, and the last of them are this far off, in ms, by the pace so far. */
  onArriving(leftMs: number): void;
}

/** What `missing()` of a loader without files lists: MNIST's four. */
const EMPTY_MISSES = 4;
/** Work shorter than this shows no progress bar, in ms. */
const PATIENCE_MS = 150;

export class DigitsLoader {
  private task: AbortController | null = null;
  /** Holds the files of a data set that is not complete yet. */
  private loader: LoaderHandle | null = null;

  constructor(private readonly host: DigitsLoaderHost) {}

  async sample(): Promise<void> {
    const { notices, digits } = this.host;
    const signal = this.begin();
    notices.clear("digits");
    try {
      const data = await digits.take((progress) => {
        if (signal.aborted) return;
        this.showSample(progress);
        this.host.onArriving(this.left(progress));
      });
      if (signal.aborted) digits.release(data);
      else this.host.onDigits(data, false);
    } catch (thrown) {
      if (signal.aborted) return;
      const why = sentence(
        thrown instanceof FetchError ? thrown.message : coreError(thrown).message,
      );
      notices.show({
        id: "digits",
        kind: "error",
        text: M.data.failed(why),
        actions: [{ label: M.data.retry, run: () => void this.sample() }],
      });
    } finally {
      this.end(signal);
    }
  }

  async files(files: readonly File[]): Promise<void> {
    await this.load(files.map(fromFile), (file, why) => M.data.bad(file, why));
  }

  /** The address comes from the link: it is shown and used only after the reader has agreed. */
  offerRemote(given: string, base: string): void {
    const { notices } = this.host;
    const folder = folderUrl(given, base);
    if (folder === null) {
      notices.show({ id: "remote", kind: "warning", text: M.data.remoteBad(given.slice(0, 60)) });
      return;
    }
    notices.show({
      id: "remote",
      kind: "info",
      text: M.data.remoteAsk(folder.host),
      actions: [
        { label: M.data.remoteLoad(folder.host), run: () => void this.remote(folder) },
        { label: M.data.remoteIgnore, run: () => undefined },
      ],
    });
  }

  destroy(): void {
    this.task?.abort();
    this.forget();
  }

  /** Drops the files of an incomplete data set. */
  private forget(): void {
    this.loader?.free();
    this.loader = null;
  }

  private async remote(folder: URL): Promise<void> {
    const task = new AbortController();
    await this.load(
      remoteSources(folder, task.signal),
      (file, why) => M.data.remoteFailed(file, folder.host, why),
      task,
    );
  }

  private async load(
    sources: Iterable<Source> | AsyncIterable<Source>,
    complain: (file: string, why: string) => string,
    task = new AbortController(),
  ): Promise<void> {
    const { core, notices } = this.host;
    const signal = this.begin(task);
    notices.clear("digits");
    const loader = this.loader ?? core.loader();
    this.loader = loader;
    try {
      await feed(loader, sources, (p) => this.showFile(p.name, p.done, p.total), signal);
      const missing = loader.missing();
      if (missing.length > 0) {
        const text = M.data.missing(missing.map(roleName).join(", "));
        notices.show({ id: "digits", kind: "info", text, actions: this.fresh() });
        return;
      }
      const data = finish(loader);
      this.forget();
      this.host.onDigits(data, true);
      const text = M.data.loaded(count(data.trainCount), count(data.testCount));
      notices.show({ id: "digits", kind: "info", text });
    } catch (thrown) {
      if (signal.aborted) {
        notices.show({ id: "digits", kind: "info", text: M.data.cancelled });
        return;
      }
      const text = explain(thrown, complain);
      notices.show({ id: "digits", kind: "error", text, actions: this.fresh() });
    } finally {
      this.end(signal);
    }
  }

  /** The way out when files of another data set are wanted than those that wait for the rest. */
  private fresh(): Action[] {
    const { notices } = this.host;
    const run = (): void => {
      this.task?.abort();
      this.forget();
      notices.show({ id: "digits", kind: "info", text: M.data.forgotten });
    };
    return waits(this.loader) ? [{ label: M.data.forget, run }] : [];
  }

  private begin(task = new AbortController()): AbortSignal {
    this.task?.abort();
    this.task = task;
    this.startedAt = performance.now();
    return task.signal;
  }

  private end(signal: AbortSignal): void {
    if (this.task?.signal !== signal) return;
    this.task = null;
    this.host.progress.hide();
  }

  private startedAt = 0;

  private show(text: string, fraction: number | null): void {
    if (performance.now() - this.startedAt < PATIENCE_MS) return;
    this.host.progress.show(text, fraction, null);
  }

  /** Of a file of unknown length as much is still to come as has come. */
  private left({ done, total }: Progress): number {
    const took = performance.now() - this.startedAt;
    return total === null ? took : (took * (total - done)) / done;
  }

  private showSample({ done, total }: Progress): void {
    const text =
      total === null
        ? M.data.loadingUnknown(bytes(done))
        : M.data.loading(bytes(done), bytes(total));
    this.show(text, total === null ? null : done / total);
  }

  private showFile(file: string, done: number, total: number | null): void {
    const name = clip(file);
    if (performance.now() - this.startedAt < PATIENCE_MS) return;
    const text =
      total === null
        ? M.data.readingUnknown(name, bytes(done))
        : M.data.reading(name, `${Math.floor((100 * done) / total)} %`);
    this.host.progress.show(text, total === null ? null : done / total, () => this.task?.abort());
  }
}

/** A loader that has files already misses fewer than an empty one, which asks for MNIST's four. */
function waits(loader: LoaderHandle | null): boolean {
  const missing = loader?.missing() ?? [];
  return loader !== null && missing.length < EMPTY_MISSES;
}

function explain(thrown: unknown, complain: (file: string, why: string) => string): string {
  if (thrown instanceof DataError) {
    return thrown.file === null
      ? M.data.badSet(thrown.message)
      : complain(clip(thrown.file), withoutName(thrown.message, thrown.file));
  }
  if (thrown instanceof FetchError) return M.data.badSet(thrown.message);
  return M.data.badSet(sentence(coreError(thrown).message));
}

/** The core begins its message with the file's name, and so do we; once is enough. */
function withoutName(message: string, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}
