/** Where the runs compute: the choice, and beside it one line that says which path runs and why. */
import type { PageConfig } from "../config";
import { settingOf } from "../config";
import { sentence } from "../data/files";
import { h, setText } from "../dom";
import { DeviceChooser, type DeviceHost, type Paths, pathsOf, type Why } from "../engine/device";
import type { EngineEvent, GpuHandle } from "../engine/protocol";
import { hasSimd } from "../engine/simd";
import { brief } from "../format";
import { M } from "../messages";
import type { Store } from "../store";
import type { Notices } from "../views/notices";
import { PATIENCE_MS } from "../views/progress";
import { type OnSetting, type SettingControl, settingControl } from "./settings";

/** When idle time is not to be had, or not known, work nobody waits for begins after this, in ms. */
const IDLE_MS = 500;

export interface DevicePanelHost extends Omit<DeviceHost, "changed" | "idle"> {
  readonly store: Store;
  readonly notices: Notices;
  readonly onSetting: OnSetting;
}

export class DevicePanel {
  readonly element: HTMLElement;
  private readonly control: SettingControl;
  private readonly line: HTMLElement;
  private readonly bar = h("progress", { hidden: true, "aria-label": M.device.busy });
  private slow: ReturnType<typeof setTimeout> | null = null;
  private readonly chooser: DeviceChooser;

  constructor(
    private readonly host: DevicePanelHost,
    uid: string,
  ) {
    this.chooser = new DeviceChooser({ ...host, idle, changed: () => this.show() });
    this.control = settingControl("compute", host.onSetting);
    this.line = h("p", { class: "hint", role: "status", id: `${uid}-device` });
    this.element = h(
      "section",
      { class: "group device" },
      this.control.element,
      this.line,
      this.bar,
    );
    this.control.element.querySelector("select")?.setAttribute("aria-describedby", this.line.id);
    host.store.on("status", () => this.show());
  }

  set(config: PageConfig): void {
    this.control.set(config);
    this.chooser.choose(settingOf(config, "compute"));
  }

  /** Takes the engine's events that are about devices. */
  handle(event: EngineEvent): void {
    if (event.type === "lanes") this.chooser.lanesChanged();
    if (event.type === "stayed") this.chooser.failed(event.message);
    if (event.type === "fell-back") {
      // One notice, however many runs have fallen and however often.
      const note = sentence(event.note);
      const text = note.charAt(0).toUpperCase() + note.slice(1);
      this.host.notices.show({ id: "device", kind: "warning", text });
      // "Why; what happens now": the line says the latter itself.
      this.chooser.failed(event.note.split(";")[0] ?? event.note);
    }
  }

  private show(): void {
    const paths = pathsOf(this.host.store.status.lanes);
    const name = (id: string): string => this.host.store.rule(id)?.short ?? id;
    setText(this.line, deviceLine(paths, this.chooser, name));
    const { kind } = this.chooser.why;
    this.busy(paths.moving || kind === "looking" || kind === "measuring");
  }

  /** A bar for what takes longer than a moment: finding a GPU, timing it, moving a run to it. */
  private busy(busy: boolean): void {
    if (!busy) {
      if (this.slow !== null) clearTimeout(this.slow);
      this.slow = null;
      this.bar.hidden = true;
    } else
      this.slow ??= setTimeout(() => {
        this.bar.hidden = false;
      }, PATIENCE_MS);
  }
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Safari has no idle callbacks.
    if (typeof requestIdleCallback === "undefined") setTimeout(resolve, IDLE_MS);
    else requestIdleCallback(() => resolve(), { timeout: IDLE_MS });
  });
}

/** What of the chooser's state the line is made from. */
export interface Choice extends Pick<DeviceChooser, "why" | "goal" | "trouble"> {
  readonly gpu: Pick<GpuHandle, "name" | "software"> | null;
}

/** The line beside the choice. It speaks of where runs are, not of where they were meant to be. */
export function deviceLine(
  paths: Paths,
  { why, goal, gpu, trouble }: Choice,
  short: (rule: string) => string,
): string {
  const d = M.device;
  const there = d.gpu(gpu === null ? "" : gpu.software ? d.software(gpu.name) : gpu.name);
  if (paths.moving) return goal === "cpu" ? d.moving.cpu : d.moving.gpu(there);
  const onGpu = paths.gpu.length > 0;
  if (onGpu && paths.cpu.length > 0) {
    const names = (rules: readonly string[]): string => rules.map(short).join(", ");
    return d.split(there, names(paths.gpu), names(paths.cpu), clause(trouble ?? ""));
  }
  const path = onGpu ? there : d.processor(hasSimd());
  if (!onGpu && trouble !== null) return d.line(path, clause(trouble));
  if (why.kind === "waiting") return `${path} ${d.waiting}`;
  return d.line(path, reason(why, onGpu, there));
}

function reason(why: Exclude<Why, { kind: "waiting" }>, onGpu: boolean, gpu: string): string {
  const d = M.device;
  switch (why.kind) {
    case "no-webgpu":
      return why.secure ? d.noWebgpu : d.insecure;
    case "looking":
      return d.looking;
    case "measuring":
      return d.measuring(gpu);
    case "measured": {
      const [cpuMs, gpuMs] = [brief(why.result.cpuMs), brief(why.result.gpuMs)];
      return onGpu ? d.faster(gpuMs, cpuMs) : d.slower(cpuMs, gpu, gpuMs);
    }
    case "chosen":
      return d.chosen;
    case "failed":
      return clause(why.message);
  }
}

/** A sentence of the core's as the end of one of ours: "No adapter." becomes "no adapter". */
function clause(text: string): string {
  const open = text.trim().replace(/\.$/, "");
  return /^[A-Z][a-z]*\s/.test(open) ? open.charAt(0).toLowerCase() + open.slice(1) : open;
}
