/** Keeps what was made: the run as a file, its numbers as CSV, JSON or NumPy arrays, its settings as a link. */
import { type ExportLane, toCsv, toJson } from "../data/export";
import { sentence } from "../data/files";
import {
  isCommandLineRun,
  isRunFile,
  packRun,
  type RunFile,
  RunFileError,
  unpackRun,
} from "../data/run-file";
import { h, saveBlob } from "../dom";
import type { SavedLane } from "../engine/engine";
import { coreError } from "../engine/protocol";
import { bytes, count } from "../format";
import { M } from "../messages";
import { C } from "../messages/lab";
import type { Metrics, Store } from "../store";
import type { Notices } from "./notices";

export interface KeepHost {
  readonly store: Store;
  readonly notices: Notices;
  readonly version: string;
  save(): Promise<readonly SavedLane[]>;
  /** Replaces the run by the file's, or throws and changes nothing. */
  load(file: RunFile): void;
  exportLanes(): readonly ExportLane[];
  settings(): string;
  link(): string;
  /** The same, leading to an iteration of the present run. */
  linkTo(step: number): string;
}

/** Fetched when it is wanted, which may be long after the page. */
const arraysModule = (): Promise<typeof import("../data/npz")> =>
  import("../data/npz").catch(() => {
    throw new Error(M.runFile.notFetched);
  });

export class KeepPanel {
  readonly element: HTMLElement;
  /** Arrays of a large network are being written. */
  private writing = false;

  constructor(private readonly host: KeepHost) {
    const input = h("input", {
      type: "file",
      accept: ".creditlab,.clrun",
      class: "visually-hidden",
      "aria-label": M.runFile.load,
      tabindex: -1,
    });
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      input.value = "";
      if (file !== undefined) void this.load(file);
    });
    const button = (label: string, run: () => void): HTMLElement => {
      const element = h("button", { type: "button", class: "small" }, label);
      element.addEventListener("click", run);
      return element;
    };
    const here = button(C.at.link, () => void this.copyHere());
    here.title = C.at.linkTitle;
    const arrays = button(M.runFile.npz, () => void this.exportArrays());
    arrays.title = M.runFile.npzTitle;
    this.element = h(
      "section",
      { class: "group", "data-panel": "keep" },
      h("h3", { class: "group-title" }, M.runFile.label),
      h(
        "div",
        { class: "button-row" },
        button(M.runFile.save, () => void this.save()),
        button(M.runFile.load, () => input.click()),
        button(M.runFile.csv, () => this.export("csv")),
        button(M.runFile.json, () => this.export("json")),
        arrays,
        button(M.runFile.link, () => void this.copyLink(this.host.link(), M.runFile.linkCopied)),
        here,
      ),
      input,
    );
  }

  /** A saved run among the files is loaded and taken out of the list. */
  async takeRun(files: readonly File[]): Promise<readonly File[]> {
    const rest: File[] = [];
    for (const file of files) {
      const start = new Uint8Array(await file.slice(0, 16).arrayBuffer());
      const run = isRunFile(start) || isCommandLineRun(start) || file.name.endsWith(".creditlab");
      if (run) await this.load(file);
      else rest.push(file);
    }
    return rest;
  }

  /** Everything is taken as it is now; the weights may take a moment to arrive from the GPU. Null: no run yet. */
  async pack(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { store } = this.host;
    const saving = this.host.save();
    const data = store.digits?.data;
    const rest = {
      settings: this.host.settings(),
      digits: {
        name: data?.name ?? "",
        train: data?.trainCount ?? 0,
        test: data?.testCount ?? 0,
      },
      elapsedMs: store.status.elapsedMs,
    };
    const history = new Map(store.history.rules().map((id) => [id, finiteFrames(store, id)]));
    const lanes = await saving;
    if (data === undefined || lanes.length === 0) return null;
    const kept = lanes.map(({ rule, step }) => {
      return [rule, (history.get(rule) ?? []).filter((m) => m.step <= step)];
    });
    return packRun({ ...rest, lanes, history: Object.fromEntries(kept) });
  }

  private async save(): Promise<void> {
    const { store, notices } = this.host;
    const name = `${this.name()}.creditlab`;
    const exactly = store.status.lanes.every((lane) => lane.device === "cpu");
    try {
      const file = await this.pack();
      if (file === null) {
        notices.show({ id: "run-file", kind: "info", text: M.runFile.nothing });
        return;
      }
      saveBlob(new Blob([file]), name);
      const text = M.runFile.saved(bytes(file.length), exactly);
      notices.show({ id: "run-file", kind: "info", text });
    } catch (thrown) {
      const text = M.runFile.notSaved(sentence(coreError(thrown).message));
      notices.show({ id: "run-file", kind: "error", text });
    }
  }

  private async load(file: File): Promise<void> {
    const { notices } = this.host;
    try {
      this.host.load(unpackRun(new Uint8Array(await file.arrayBuffer())));
    } catch (thrown) {
      const why = thrown instanceof RunFileError ? thrown.message : coreError(thrown).message;
      notices.show({ id: "run-file", kind: "error", text: M.runFile.bad(sentence(why)) });
    }
  }

  /** What there is to export; says so where there is nothing. */
  private measured(): readonly ExportLane[] {
    const lanes = this.host.exportLanes();
    if (lanes.some((lane) => lane.frames.length > 0)) return lanes;
    this.host.notices.show({ id: "run-file", kind: "info", text: M.runFile.nothing });
    return [];
  }

  private export(kind: "csv" | "json"): void {
    const lanes = this.measured();
    if (lanes.length === 0) return;
    const text = kind === "csv" ? toCsv(lanes) : toJson(lanes, this.host.version, this.digits());
    const type = kind === "csv" ? "text/csv" : "application/json";
    saveBlob(new Blob([text], { type }), `${this.name()}.${kind}`);
  }

  private async exportArrays(): Promise<void> {
    if (this.writing) return;
    // Curves grow while the weights are on their way.
    const lanes = this.measured().map((lane) => ({ ...lane, frames: [...lane.frames] }));
    if (lanes.length === 0) return;
    this.writing = true;
    try {
      const name = `${this.name()}.npz`;
      const digits = this.digits();
      const [saved, npz] = await Promise.all([this.host.save(), arraysModule()]);
      const parts = await npz.toNpz(npz.toArrays(lanes, saved, this.host.version, digits));
      this.host.notices.clear("npz");
      saveBlob(new Blob(parts), name);
    } catch (thrown) {
      const text = M.runFile.notExported(sentence(coreError(thrown).message));
      this.host.notices.show({ id: "npz", kind: "error", text });
    } finally {
      this.writing = false;
    }
  }

  private digits(): string {
    return this.host.store.digits?.data.name ?? "";
  }

  private async copyHere(): Promise<void> {
    const { iteration } = this.host.store.status;
    if (iteration === 0) await this.copyLink(this.host.link(), M.runFile.linkCopied);
    else await this.copyLink(this.host.linkTo(iteration), C.at.copied(count(iteration)));
  }

  private async copyLink(link: string, said: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(link);
      this.host.notices.show({ id: "link", kind: "info", text: said });
    } catch {
      // Refused, or not a secure context: show it instead.
      this.host.notices.show({
        id: "link",
        kind: "info",
        text: M.runFile.linkManual,
        list: [link],
      });
    }
  }

  private name(): string {
    const { store } = this.host;
    const rules = store.status.lanes.map((lane) => lane.rule).join("-");
    return `credit-lab-${rules}-${store.status.iteration}`;
  }
}

/** What a file can carry of a rule's curve. */
function finiteFrames(store: Store, rule: string): readonly Metrics[] {
  return store.history
    .frames(rule)
    .filter((m) => Number.isFinite(m.test_loss) && Number.isFinite(m.train_loss));
}
