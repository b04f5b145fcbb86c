/**
 * Runs kept in this browser: a list to open, rename and delete; the run that the reader leaves is saved by itself
 * and offered again on the next visit. Nothing trains before the reader says so.
 */
import { settingOf, taskOf } from "../config";
import { packPin, unpackPin } from "../data/pins";
import { unpackRun } from "../data/run-file";
import {
  cleanName,
  type KeptRun,
  LATEST,
  MAX_NAME,
  type Shelf,
  ShelfError,
  thumbnail,
} from "../data/shelf";
import { h, setText, svg } from "../dom";
import { coreError } from "../engine/protocol";
import { bytes, count } from "../format";
import { SETTING_TEXT } from "../messages";
import { C } from "../messages/lab";
import type { Store } from "../store";
import type { Notices } from "./notices";

export interface RunsHost {
  readonly store: Store;
  readonly notices: Notices;
  readonly shelf: Shelf;
  /** The run as a file; null before there is one. */
  pack(): Promise<Uint8Array | null>;
  /** Goes on with a run from a file, or throws and changes nothing. */
  open(file: Uint8Array): void;
}

const WHEN = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export class RunsPanel {
  readonly element: HTMLElement;
  private readonly list = h("ul", { class: "runs", "aria-label": C.runs.label });
  private readonly note = h("p", { class: "hint", role: "status" });
  private readonly keep: HTMLButtonElement;
  private runs: readonly KeptRun[] = [];
  /** What was saved last by itself. */
  private saved = "";
  private offering = false;
  private readonly unsubscribe: () => void;

  constructor(private readonly host: RunsHost) {
    this.keep = h("button", { type: "button", class: "small" }, C.runs.keep);
    this.keep.addEventListener("click", () => void this.keepRun());
    this.element = h(
      "section",
      { class: "group", "data-panel": "runs" },
      h("h3", { class: "group-title" }, C.runs.label),
      h("div", { class: "button-row" }, this.keep),
      this.list,
      this.note,
    );
    this.unsubscribe = host.store.on("status", () => this.answered());
  }

  destroy(): void {
    this.unsubscribe();
  }

  /** Reads what is kept: runs, pins, and the run that was left. */
  async start(): Promise<void> {
    await this.refresh();
    await this.readPins();
  }

  /** Offers the run that was left, unless there is one going on. */
  async offer(): Promise<void> {
    const { notices, store } = this.host;
    const latest = (await this.read()).find(({ id }) => id === LATEST);
    if (latest === undefined || store.status.iteration > 0) return;
    this.offering = true;
    const names = this.names(latest.rules);
    notices.show({
      id: "session",
      kind: "info",
      text: C.runs.autosaved(count(latest.steps), names, WHEN.format(latest.made)),
      actions: [
        { label: C.runs.resume, run: () => void this.open(latest) },
        {
          label: C.runs.forget,
          run: () => {
            notices.clear("session");
            void this.host.shelf.remove(LATEST).catch(() => undefined);
          },
        },
      ],
    });
  }

  /** Saves the present run as the one to be offered next time. Never complains: nobody asked for it. */
  async autosave(): Promise<void> {
    const { store } = this.host;
    const state = this.state();
    if (store.status.iteration === 0 || state === this.saved) return;
    this.saved = state;
    try {
      const record = this.record(LATEST, LATEST);
      const file = await this.host.pack();
      if (file !== null) await this.host.shelf.put({ ...record, bytes: file.length }, file);
    } catch {
      this.saved = "";
    }
  }

  async setPins(): Promise<void> {
    const texts = new Map(this.host.store.pins.map((pin) => [pin.letter, packPin(pin)]));
    // They stay in the figures all the same; the list says why nothing is kept.
    await this.host.shelf.setPins(texts).catch((thrown) => this.say(thrown));
  }

  private state(): string {
    const { status, built } = this.host.store;
    return JSON.stringify([
      built,
      status.iteration,
      status.lanes.map(({ rule, step }) => [rule, step]),
    ]);
  }

  private async readPins(): Promise<void> {
    const { store, shelf } = this.host;
    try {
      const found = (await shelf.pins()).flatMap((text) => unpackPin(text, store.rules) ?? []);
      const own = new Set(store.pins.map(({ letter }) => letter));
      store.pins = [...found.filter(({ letter }) => !own.has(letter)), ...store.pins];
      if (found.length > 0) store.changed("pins");
    } catch {
      // The list says it already.
    }
  }

  /** The reader has begun something else: what was left is no longer offered. */
  private answered(): void {
    if (!this.offering || this.host.store.status.iteration === 0) return;
    this.offering = false;
    this.host.notices.clear("session");
  }

  private record(id: string, name: string): KeptRun {
    const { store } = this.host;
    const lanes = store.status.lanes.filter((lane) => lane.stopped === null);
    const rules = lanes.map((lane) => lane.rule);
    const curve = thumbnail(
      Object.fromEntries(rules.map((id) => [id, store.history.frames(id).map((m) => m.test_loss)])),
    );
    const steps = store.status.iteration;
    return { id, name, made: Date.now(), rules, steps, bytes: 0, curve };
  }

  private async keepRun(): Promise<void> {
    const { notices, store } = this.host;
    this.keep.disabled = true;
    let said = "";
    try {
      const task = SETTING_TEXT.task.options?.[taskOf(store.built)] ?? "";
      const name = cleanName(`${task}, seed ${settingOf(store.built, "seed")}`);
      const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
      const record = this.record(id, name);
      const file = await this.host.pack();
      if (file === null || record.rules.length === 0) return;
      await this.host.shelf.put({ ...record, bytes: file.length }, file);
      notices.clear("runs");
      said = C.runs.kept(name, bytes(file.length));
    } catch (thrown) {
      const why = thrown instanceof ShelfError ? thrown.message : coreError(thrown).message;
      notices.show({ id: "runs", kind: "error", text: C.runs.failed(why) });
    } finally {
      this.keep.disabled = false;
      await this.refresh();
      if (said !== "") setText(this.note, said);
    }
  }

  private async open(run: KeptRun): Promise<void> {
    const { notices, shelf } = this.host;
    try {
      const file = await shelf.file(run.id);
      // Checked here, so that a damaged one is refused before anything else is asked of it.
      unpackRun(file);
      this.host.open(file);
      notices.clear("session");
      this.saved = this.state();
    } catch (thrown) {
      notices.show({ id: "runs", kind: "error", text: C.runs.unread(coreError(thrown).message) });
    }
  }

  private async remove(run: KeptRun): Promise<void> {
    const { notices, shelf } = this.host;
    try {
      const file = await shelf.file(run.id).catch(() => null);
      await shelf.remove(run.id);
      const undo = {
        label: C.runs.undo,
        run: () => {
          notices.clear("runs");
          if (file === null) return;
          void shelf
            .put(run, file)
            .then(() => this.refresh())
            .catch((thrown) => this.say(thrown));
        },
      };
      const text = C.runs.deleted(run.name);
      notices.show({ id: "runs", kind: "info", text, actions: file === null ? [] : [undo] });
    } catch (thrown) {
      this.say(thrown);
    }
    await this.refresh();
    const next = this.list.querySelector<HTMLElement>("button");
    (next ?? this.keep).focus();
  }

  private async read(): Promise<readonly KeptRun[]> {
    try {
      return await this.host.shelf.list();
    } catch (thrown) {
      this.say(thrown);
      return [];
    }
  }

  private say(thrown: unknown): void {
    const message = thrown instanceof ShelfError ? thrown.message : coreError(thrown).message;
    this.keep.disabled = message === C.shelf.none;
    setText(this.note, message);
  }

  private async refresh(): Promise<void> {
    setText(this.note, "");
    this.runs = (await this.read()).filter(({ id }) => id !== LATEST);
    this.list.replaceChildren(...this.runs.map((run) => this.item(run)));
    this.list.hidden = this.runs.length === 0;
    if (this.note.textContent !== "") return;
    const size = this.runs.reduce((sum, run) => sum + run.bytes, 0);
    setText(
      this.note,
      this.runs.length === 0 ? C.runs.none : C.runs.total(this.runs.length, bytes(size)),
    );
  }

  private names(rules: readonly string[]): string {
    return rules.map((id) => this.host.store.rule(id)?.short ?? id).join(", ");
  }

  private item(run: KeptRun): HTMLElement {
    const name = h("input", {
      type: "text",
      class: "run-name",
      value: run.name,
      maxlength: MAX_NAME,
      spellcheck: "false",
      autocomplete: "off",
    });
    let current = run;
    name.addEventListener("change", () => {
      current = { ...current, name: cleanName(name.value) || current.name };
      name.value = current.name;
      this.host.shelf.describe(current).catch((thrown) => this.say(thrown));
      label();
    });
    const button = (text: string, act: () => void): HTMLElement => {
      const element = h("button", { type: "button", class: "quiet" }, text);
      element.addEventListener("click", act);
      return element;
    };
    const open = button(C.runs.open, () => void this.open(current));
    const remove = button(C.runs.remove, () => void this.remove(current));
    const label = (): void => {
      name.setAttribute("aria-label", C.runs.nameOf(current.name));
      open.setAttribute("aria-label", C.runs.openTitle(current.name));
      remove.setAttribute("aria-label", C.runs.removeTitle(current.name));
    };
    label();
    const made = h("time", { datetime: new Date(run.made).toISOString() }, WHEN.format(run.made));
    return h(
      "li",
      { "data-run": run.id },
      sketch(run),
      h(
        "div",
        { class: "run-text" },
        name,
        h(
          "p",
          {},
          made,
          ` · ${this.names(run.rules)} · ${C.runs.iterations(count(run.steps))} · ${bytes(run.bytes)}`,
        ),
        h("div", { class: "run-buttons" }, open, remove),
      ),
    );
  }
}

/** The run's test losses, as a sketch. */
function sketch(run: KeptRun): SVGElement {
  const paths = Object.entries(run.curve).map(([rule, values]) => {
    const x = (i: number): number => 1 + (54 * i) / Math.max(1, values.length - 1);
    const points = values.map((v, i) => `${x(i).toFixed(1)} ${(31 - 30 * v).toFixed(1)}`);
    return { d: points.length > 1 ? `M${points.join("L")}` : "", "data-rule": rule };
  });
  return svg("0 0 56 32", { class: "run-sketch" }, ...paths);
}
