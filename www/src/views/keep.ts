/** Keeps what was made: the run as a file, its numbers as CSV or JSON, its settings as a link. */
import { type ExportLane, toCsv, toJson } from "../data/export";
import { sentence } from "../data/idx";
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
import { bytes } from "../format";
import { M } from "../messages";
import type { Store } from "../store";
import type { Notices } from "./notices";

export interface KeepHost {
  readonly store: Store;
  readonly notices: Notices;
  readonly version: string;
  save(): readonly SavedLane[];
  /** Replaces the run by the file's, or throws and changes nothing. */
  load(file: RunFile): void;
  exportLanes(): readonly ExportLane[];
  settings(): string;
  link(): string;
}

export class KeepPanel {
  readonly element: HTMLElement;

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
    this.element = h(
      "section",
      { class: "group", "data-panel": "keep" },
      h("h3", { class: "group-title" }, M.runFile.label),
      h(
        "div",
        { class: "button-row" },
        button(M.runFile.save, () => this.save()),
        button(M.runFile.load, () => input.click()),
        button(M.runFile.csv, () => this.export("csv")),
        button(M.runFile.json, () => this.export("json")),
        button(M.runFile.link, () => void this.copyLink()),
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

  private save(): void {
    const { store, notices } = this.host;
    const lanes = this.host.save();
    if (store.digits === null || lanes.length === 0) {
      notices.show({ id: "run-file", kind: "info", text: M.runFile.nothing });
      return;
    }
    const { data } = store.digits;
    const finite = (id: string) =>
      store.history
        .frames(id)
        .filter((m) => Number.isFinite(m.test_loss) && Number.isFinite(m.train_loss));
    const file = packRun({
      settings: this.host.settings(),
      digits: { name: data.name, train: data.trainCount, test: data.testCount },
      elapsedMs: store.status.elapsedMs,
      lanes,
      history: Object.fromEntries(lanes.map((lane) => [lane.rule, finite(lane.rule)])),
    });
    saveBlob(new Blob([file]), `${this.name()}.creditlab`);
    notices.show({ id: "run-file", kind: "info", text: M.runFile.saved(bytes(file.length)) });
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

  private export(kind: "csv" | "json"): void {
    const lanes = this.host.exportLanes();
    if (lanes.every((lane) => lane.frames.length === 0)) {
      this.host.notices.show({ id: "run-file", kind: "info", text: M.runFile.nothing });
      return;
    }
    const text =
      kind === "csv"
        ? toCsv(lanes)
        : toJson(lanes, this.host.version, this.host.store.digits?.data.name ?? "");
    const type = kind === "csv" ? "text/csv" : "application/json";
    saveBlob(new Blob([text], { type }), `${this.name()}.${kind}`);
  }

  private async copyLink(): Promise<void> {
    const link = this.host.link();
    try {
      await navigator.clipboard.writeText(link);
      this.host.notices.show({ id: "link", kind: "info", text: M.runFile.linkCopied });
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
