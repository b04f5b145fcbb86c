/**
 * One instance of the instrument inside one root element: wires store, engine, controls and figures.
 *
 * Every change of configuration goes through `adopt`, which finds out what it means: a live change,
 * a rule that joins or leaves, or something that needs a new run and therefore waits for a click.
 * Nothing outside the root is touched except listeners for visibility and theme, removed by destroy.
 */
import { Zoom } from "../charts/line-zoom";
import type { PhaseId } from "../charts/network/phases";
import { Palette } from "../charts/palette";
import {
  hypersOf,
  type PageConfig,
  type SETTINGS,
  settingOf,
  taskOf,
  withRate,
  withSetting,
} from "../config";
import { decodeConfig, encodeConfig, formatNumber, type UrlProblem } from "../config-url";
import { DevicePanel } from "../controls/device";
import type { NativeRun } from "../data/command";
import type { RunFile } from "../data/run-file";
import { RunFileError, unpackRun } from "../data/run-file";
import type { Shelf } from "../data/shelf";
import { h, setText } from "../dom";
import { type Clock, Engine } from "../engine/engine";
import type {
  Core,
  DatasetHandle,
  EngineEvent,
  EngineStatus,
  HyperKey,
  Metrics,
  RuleInfo,
  RunConfig,
} from "../engine/protocol";
import { hasSimd } from "../engine/simd";
import { count, value } from "../format";
import { LEDE, M, SETTING_TEXT } from "../messages";
import { C } from "../messages/lab";
import { RunConfigs } from "../run-configs";
import { Digits, Store } from "../store";
import { Bar } from "./bar";
import { CheckPanel } from "./check";
import { CommandPanel } from "./command";
import { DigitsLoader } from "./digits-loader";
import { acceptDrops, DigitsPanel } from "./digits-panel";
import { FigureGrid } from "./figure-grid";
import { readAt, Target } from "./goal";
import { KeepPanel } from "./keep";
import { type Notice, Notices } from "./notices";
import { PinsPanel } from "./pins";
import { ProgressLine } from "./progress";
import { RunsPanel } from "./runs";
import { keyList, Setup } from "./setup";
import type { Shared } from "./shared";

export interface LabOptions {
  readonly shared: Shared;
  /** The configuration as in the address; hostile. */
  readonly params: string;
  /** `data=` of the address; hostile. */
  readonly dataUrl: string | null;
  /** Element outside the instrument that introduces the task, if there is one. */
  readonly lede: HTMLElement | null;
  readonly onParams: (params: string) => void;
  readonly link: (params: string) => string;
  /** Parts of the instrument to show; everything when left out. */
  readonly view?: LabView;
  /** Everything that happens in the engine, after the instrument has taken note of it. */
  readonly onEvent?: (event: EngineEvent) => void;
  readonly onNotice?: (notice: Notice) => void;
  /** Where runs and pins are kept in this browser, if they are. */
  readonly shelf?: Shelf;
  /** Leads to an experiment made of the present settings. */
  readonly onCompare?: () => void;
}

/** Null shows all. Running, pausing and the figures' own tables are always there. */
export interface LabView {
  readonly controls: ReadonlySet<string> | null;
  readonly figures: ReadonlySet<string> | null;
}

/** Room for an open rates section beside the figures, in CSS pixels. */
const ROOMY = 900;
/** A reader who wants to begin waits so long for all digits, in ms. */
const PATIENCE_MS = 2000;
/** Steps of the native command while there is no run: the command's own number. */
const NATIVE_STEPS = 20_000;

const now = (): number => performance.now();

export class Lab {
  readonly engine: Engine;
  readonly store: Store;
  private readonly core: Core;
  private readonly palette: Palette;
  readonly notices: Notices;
  private readonly progress = new ProgressLine();
  private readonly bar: Bar;
  private readonly device: DevicePanel;
  private readonly setup: Setup;
  private readonly figures: FigureGrid;
  private readonly digitsPanel: DigitsPanel;
  private readonly loader: DigitsLoader;
  private readonly keep: KeepPanel;
  private readonly pins: PinsPanel;
  private readonly command: CommandPanel;
  private readonly runs: RunsPanel | null;
  private readonly zoom = new Zoom();
  private readonly target = new Target();
  /** Iteration that the link leads to, until the digits are here. */
  private at: number | null = null;
  /** Rates were changed in the middle of the run, or steps done with one part. */
  private retuned = false;
  /** The images are not those that come with the page. */
  private ownDigits = false;
  /** The run learns from the first digits of the sample: all were too far off. */
  private early = false;
  /** All digits of the sample, for the run after one that began early. */
  private whole: DatasetHandle | null = null;
  private readonly stop = new AbortController();
  private readonly observers: MutationObserver[] = [];
  private readonly configs: RunConfigs;
  private view: LabView;
  /** Run was pressed before the digits were here. */
  private armed = false;
  /**
   * A reader pressed it, who may have the first digits rather than wait. Numbers that nobody asked for are to be the same
   * for all.
   */
  private eager = false;
  /** Scrolled out of sight, where nobody needs it to train. */
  private inSight = true;

  constructor(
    private readonly root: HTMLElement,
    private readonly options: LabOptions,
  ) {
    const { core, queue, frames, sample } = options.shared;
    this.core = core;
    this.notices = new Notices(options.onNotice);
    const rules = core.rules();
    const decoded = decodeConfig(options.params, rules);
    const clock: Clock = {
      now,
      requestFrame: (callback) => frames.request(callback),
      cancelFrame: (handle) => frames.cancel(handle),
      takeSpent: () => queue.takeSpent(),
    };
    this.engine = new Engine(core, clock, (event) => this.handle(event));
    this.store = new Store(rules, this.engine.status());
    this.store.config = decoded.config;
    this.store.built = decoded.config;
    this.configs = new RunConfigs(core, this.store);
    this.palette = new Palette(root);
    this.view = options.view ?? { controls: null, figures: null };

    const uid = `lab-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`;
    this.bar = new Bar(
      {
        store: this.store,
        now,
        onRun: () => this.toggle(),
        onStep: (n) => this.engine.stepBy(n),
        onReset: () => this.restart(),
        onBudget: (ms) => this.set("budget", ms),
        onCurves: () => this.figures.show("loss"),
        size: (rule) => this.engine.size(rule),
      },
      this.progress.element,
      this.notices.element,
    );
    this.digitsPanel = new DigitsPanel((files) => void this.takeFiles(files));
    this.loader = new DigitsLoader({
      core,
      notices: this.notices,
      progress: this.progress,
      digits: sample,
      onDigits: (data, own) => this.takeDigits(data, own),
      onArriving: (leftMs) => this.beginEarly(leftMs),
    });
    this.keep = this.makeKeep();
    this.pins = new PinsPanel({
      store: this.store,
      notices: this.notices,
      onSetting: (key, value) => this.set(key, value),
      onPins: () => void this.runs?.setPins(),
      onCompare: options.onCompare ?? null,
    });
    this.command = new CommandPanel({
      store: this.store,
      runs: () => this.nativeRuns(),
      retuned: () => this.retuned,
      early: () => this.early,
    });
    this.runs =
      options.shelf === undefined
        ? null
        : new RunsPanel({
            store: this.store,
            notices: this.notices,
            shelf: options.shelf,
            pack: () => this.keep.pack(),
            open: (file) => this.restore(file),
          });
    this.device = new DevicePanel(
      {
        store: this.store,
        engine: this.engine,
        notices: this.notices,
        gpu: () => core.gpu(),
        offers: { webgpu: "gpu" in navigator, secure: window.isSecureContext },
        onSetting: (key, value) => this.set(key, value),
      },
      uid,
    );
    this.setup = this.makeSetup(uid);
    this.figures = new FigureGrid(
      {
        store: this.store,
        curves: this.pins.element,
        only: () => this.view.figures,
        chartHost: {
          queue,
          palette: this.palette,
          syncKey: uid,
          zoom: this.zoom,
          output: (rule, index) => this.engine.inspect(rule, "test", Uint32Array.of(index)),
          ask: (rule, question) => this.engine.ask(rule, question),
          stepBy: (n) => this.engine.stepBy(n),
          stepOnly: (part) => this.engine.stepOnly(part),
        },
        onSetting: (key, value) => this.set(key, value),
        onVisible: () => this.refreshReadouts(),
        onOtherDigits: () => this.otherDigits(),
      },
      uid,
    );
    this.layout();
    this.show(this.view);
    this.listen();
    this.refresh();
    this.complain(decoded.problems);
    if (!hasSimd()) this.notices.show({ id: "scalar", kind: "info", text: M.core.scalar });
    this.takeAt(options.params);
  }

  /** Loads the digits; the page is usable meanwhile. */
  async start(): Promise<void> {
    // Not waited for: a browser may take its time to say that it keeps nothing.
    const kept = this.runs?.start();
    await this.loader.sample();
    if (this.options.dataUrl !== null) {
      this.loader.offerRemote(this.options.dataUrl, this.root.ownerDocument.baseURI);
    }
    void kept?.then(() => this.runs?.offer());
  }

  /** Takes a configuration from a changed address. */
  setParams(params: string): void {
    const decoded = decodeConfig(params, this.store.rules);
    if (encodeConfig(decoded.config) !== encodeConfig(this.store.config))
      this.adopt(decoded.config);
    this.complain(decoded.problems);
    this.takeAt(params);
  }

  /** `at=N`: trains to that iteration, then pauses. */
  private takeAt(params: string): void {
    const { at, bad } = readAt(params);
    if (bad !== null) this.notices.show({ id: "at", kind: "warning", text: C.at.bad(bad) });
    this.at = at;
    this.goTo();
  }

  private goTo(): void {
    const { at, store, engine } = this;
    if (at === null || store.digits === null) return;
    this.at = null;
    if (this.configs.anyWaiting || engine.status().iteration > at) this.restart();
    const left = at - engine.status().iteration;
    if (left <= 0) return;
    this.notices.show({ id: "at", kind: "info", text: C.at.going(count(at)) });
    engine.stepBy(left);
  }

  /** The present run as the native program would repeat it, a rule each. */
  private nativeRuns(): NativeRun[] {
    const { built, status } = this.store;
    return settingOf(built, "rules").map((rule) => ({
      config: this.configs.of(built, rule),
      defaults: this.configs.defaults(built, rule),
      steps: status.iteration || settingOf(built, "stop") || NATIVE_STEPS,
      every: settingOf(built, "interval"),
      ownData: this.ownDigits,
      out: `${rule}.jsonl`,
    }));
  }

  /** Settings and what the core makes of them: for an experiment of the reader's own. */
  configFor(config: PageConfig, rule: string): RunConfig {
    return this.configs.of(config, rule);
  }

  /** Takes a configuration from the embedding page, at once: what needs a new run starts one. */
  configure(params: string): void {
    const { config } = decodeConfig(params, this.store.rules);
    if (encodeConfig(config) === encodeConfig(this.store.config)) return;
    const { phase } = this.engine.status();
    const running = phase === "running" || this.armed;
    this.adopt(config);
    if (!this.configs.anyWaiting && this.engine.status().phase !== "ready") return;
    if (this.configs.anyWaiting) this.restart();
    if (running) this.play();
  }

  /** Runs now, or as soon as the digits are here. */
  play(): void {
    const { phase } = this.engine.status();
    if (phase === "empty") {
      this.armed = true;
      this.refreshStatus();
    } else this.engine.run();
  }

  pause(): void {
    if (this.armed) {
      this.armed = false;
      this.refreshStatus();
    } else this.engine.pause();
  }

  /** Out of sight a run holds; it goes on when it is seen again. */
  setInSight(inSight: boolean): void {
    this.inSight = inSight;
    this.hold();
  }

  /** Shows these controls and figures only. */
  show(view: LabView): void {
    this.view = view;
    const { controls } = view;
    this.root.classList.toggle("compact", controls !== null);
    this.root.dataset.controls = [...(controls ?? [])].join(" ");
    for (const part of this.root.querySelectorAll<HTMLElement>("[data-control]")) {
      part.hidden = controls !== null && !controls.has(part.dataset.control ?? "");
    }
    this.figures.refresh();
  }

  /** A step of the article, in the diagram. */
  showStep(step: PhaseId): void {
    this.figures.showStep(step);
  }

  /** Colours have changed. */
  restyle(): void {
    this.palette.refresh();
    this.figures.restyle();
  }

  /** The run as a file. */
  save(): Promise<Uint8Array | null> {
    return this.keep.pack();
  }

  /** Goes on with a run from a file, or throws and changes nothing. */
  restore(bytes: Uint8Array): void {
    this.loadRun(unpackRun(bytes));
  }

  toggle(): void {
    const { phase } = this.engine.status();
    if (phase === "empty") {
      this.armed = !this.armed;
      this.eager = this.armed;
      this.refreshStatus();
    } else if (phase === "running" || phase === "stepping") this.engine.pause();
    else this.engine.run();
  }

  /** Shortcuts, unless the reader is typing or operating a control. Returns true when used. */
  handleKey(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("input, select, textarea, [contenteditable]") != null) return false;
    if (event.key === " " && target?.closest("button, summary, a") != null) return false;
    if (event.key === " ") this.toggle();
    else if (event.key === ".") this.engine.stepBy(1);
    else if (event.key === "R" && event.shiftKey) this.restart();
    else return false;
    event.preventDefault();
    return true;
  }

  destroy(): void {
    this.stop.abort();
    for (const observer of this.observers) observer.disconnect();
    this.loader.destroy();
    this.figures.destroy();
    this.pins.destroy();
    this.command.destroy();
    this.runs?.destroy();
    this.engine.destroy();
    this.free(this.store.digits);
    if (this.whole !== null) this.options.shared.sample.release(this.whole);
    this.root.replaceChildren();
  }

  private makeKeep(): KeepPanel {
    return new KeepPanel({
      store: this.store,
      notices: this.notices,
      version: this.core.version(),
      save: () => this.engine.save(),
      load: (file) => this.loadRun(file),
      exportLanes: () =>
        this.store.status.lanes.map(({ rule }) => ({
          rule,
          config: this.configs.of(this.store.built, rule),
          frames: this.store.history.frames(rule),
        })),
      settings: () => encodeConfig(this.store.built),
      link: () => this.options.link(encodeConfig(this.store.config)),
      linkTo: (step) => this.options.link(`${encodeConfig(this.store.built)}&at=${step}`),
    });
  }

  private makeSetup(uid: string): Setup {
    const host = {
      rules: this.store.rules,
      rates: (rule: RuleInfo) =>
        hypersOf(this.store.config, rule).map((info) => ({
          info,
          fallback: this.configs.defaults(this.store.config, rule.id)[info.key],
        })),
      onRules: (rules: readonly string[]) => this.set("rules", rules),
      onRate: (rule: string, key: HyperKey, value: number | null) =>
        this.adopt(withRate(this.store.config, rule, key, value)),
      onSetting: <K extends keyof typeof SETTINGS>(
        key: K,
        value: Parameters<typeof this.set<K>>[1],
      ) => this.set(key, value),
      onNewSeed: () => this.set("seed", this.core.randomSeed()),
      onDefaults: () => {
        const { task, rules } = this.store.config.set;
        const kept = { ...(task && { task }), ...(rules && { rules }) };
        this.adopt({ set: kept, rates: {} });
      },
    };
    const roomy = this.root.clientWidth >= ROOMY;
    const panels = [this.digitsPanel.element, this.keep.element];
    if (this.runs !== null) panels.push(this.runs.element);
    const check = new CheckPanel({
      store: this.store,
      ask: (rule, question) => this.engine.ask(rule, question),
    });
    panels.push(check.element, this.command.element, keyList());
    return new Setup(host, uid, roomy, this.device.element, panels);
  }

  private layout(): void {
    this.root.replaceChildren(
      h("h2", { class: "visually-hidden" }, M.instrument),
      this.bar.element,
      this.setup.choice,
      this.setup.settings,
      this.figures.element,
      this.figures.below,
      this.setup.panels,
      this.bar.live.element,
    );
  }

  private listen(): void {
    const { signal } = this.stop;
    const doc = this.root.ownerDocument;
    doc.addEventListener("visibilitychange", () => this.hold(), { signal });
    const leave = (): void => {
      if (doc.hidden) void this.runs?.autosave();
    };
    doc.addEventListener("visibilitychange", leave, { signal });
    window.addEventListener("pagehide", () => void this.runs?.autosave(), { signal });
    const restyle = (): void => this.restyle();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle, { signal });
    const observer = new MutationObserver(restyle);
    observer.observe(doc.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.observers.push(observer);
    acceptDrops(this.root, (files) => void this.takeFiles(files), signal);
  }

  private hold(): void {
    this.engine.suspend(this.root.ownerDocument.hidden || !this.inSight);
  }

  // Configuration ---------------------------------------------------------------------------------

  private set<K extends keyof typeof SETTINGS>(
    key: K,
    value: Parameters<typeof withSetting<K>>[2],
  ): void {
    this.adopt(withSetting(this.store.config, key, value));
  }

  /** Returns true when the change started a new run. */
  private adopt(next: PageConfig): boolean {
    const { store } = this;
    const before = store.config;
    store.config = next;
    const idle = this.engine.status().iteration === 0;
    const anew = taskOf(next) !== taskOf(before) || (idle && this.configs.anyWaiting);
    if (anew) {
      const running = idle && this.engine.status().phase === "running";
      this.restart();
      if (running) this.engine.run();
    } else {
      this.applyLive(before, next);
      this.showWaiting();
    }
    this.refresh();
    this.options.onParams(encodeConfig(next));
    return anew;
  }

  /** What can change while the run goes on: rules, rates, pace. */
  private applyLive(before: PageConfig, next: PageConfig): void {
    const { store, engine } = this;
    const old = settingOf(before, "rules");
    const now = settingOf(next, "rules");
    for (const rule of old.filter((id) => !now.includes(id))) {
      engine.removeLane(rule);
      store.forget(rule);
      this.notices.clear(`lane-${rule}`);
    }
    store.built = this.configs.withoutWaiting(next);
    if (store.digits !== null) {
      for (const rule of now.filter((id) => !old.includes(id))) {
        engine.addLane(this.configs.of(store.built, rule));
      }
    }
    for (const rule of now.filter((id) => old.includes(id))) {
      const changes = this.configs.rateChanges(rule, before, next);
      if (changes === null) continue;
      engine.setHyper(rule, changes);
      this.retuned ||= engine.status().iteration > 0;
    }
    this.refreshPace();
  }

  private showWaiting(): void {
    const { settings, ridges } = this.configs.waiting();
    const names = settings.map((key) => SETTING_TEXT[key].label.toLowerCase());
    if (ridges.length > 0) names.push(M.pending.ridge);
    if (names.length === 0) {
      this.notices.clear("pending");
      return;
    }
    this.notices.show({
      id: "pending",
      kind: "info",
      text: M.pending.text(names.join(", ")),
      actions: [
        { label: M.pending.apply, run: () => this.restart() },
        {
          label: M.pending.undo,
          run: () => void this.adopt(this.configs.withoutWaiting(this.store.config)),
        },
      ],
    });
  }

  private complain(problems: readonly UrlProblem[]): void {
    if (problems.length === 0) return;
    const most = 5;
    const list = problems.slice(0, most).map(M.url.problem);
    if (problems.length > most) list.push(M.url.more(problems.length - most));
    this.notices.show({ id: "url", kind: "warning", text: M.url.lead, list });
  }

  // Run -------------------------------------------------------------------------------------------

  restart(): void {
    const { store, engine, whole } = this;
    if (whole !== null) {
      this.whole = null;
      this.useDigits(whole, false);
      return;
    }
    store.built = store.config;
    store.forgetAll();
    this.zoom.set(null);
    this.target.forget();
    this.retuned = false;
    this.notices.clear("pending");
    this.notices.clear("target");
    this.notices.clear("part");
    this.notices.clearAll("lane-");
    if (store.digits !== null) {
      const rules = settingOf(store.built, "rules");
      engine.build(
        store.digits.data,
        rules.map((rule) => this.configs.of(store.built, rule)),
      );
    }
    // Not before: it makes views look at the runs, and those must be of the digits that the store has now.
    this.refreshPace();
    this.refreshReadouts();
    store.changed("config", "history", "outputs", "latent");
    this.refreshLede();
  }

  /** A reader who wants to begin gets the digits that are here, if the others are a while off. */
  private beginEarly(leftMs: number): void {
    if (!this.armed || !this.eager || this.store.digits !== null || leftMs < PATIENCE_MS) return;
    const data = this.options.shared.sample.early();
    if (data === null) return;
    this.useDigits(data, false, true);
    const text = M.data.early(count(data.trainCount + data.testCount));
    this.notices.show({ id: "early", kind: "info", text });
  }

  /** All digits: at once, or for the next run where one has begun early. */
  private takeDigits(data: DatasetHandle, own: boolean): void {
    const { digits } = this.store;
    const untouched = this.engine.status().phase === "ready";
    if (own || !this.early || untouched || digits === null) {
      this.useDigits(data, own);
      return;
    }
    this.whole = data;
    const all = count(data.trainCount + data.testCount);
    const text = M.data.whole(all, count(digits.data.trainCount + digits.data.testCount));
    const again = {
      label: M.data.again,
      run: () => {
        this.restart();
        this.engine.run();
      },
    };
    this.notices.show({ id: "early", kind: "info", text, actions: [again] });
  }

  private useDigits(data: DatasetHandle, own: boolean, early = false): void {
    this.early = early;
    if (!early) this.notices.clear("early");
    if (this.whole !== null) this.options.shared.sample.release(this.whole);
    this.whole = null;
    const old = this.store.digits;
    this.ownDigits = own;
    this.store.digits = new Digits(data);
    this.store.turn = 0;
    this.restart();
    // Only now does no simulator refer to the old digits.
    this.free(old);
    this.digitsPanel.set(this.store.digits, own);
    this.store.changed("digits");
    if (this.armed) {
      this.armed = false;
      this.engine.run();
    } else if (own || this.options.dataUrl === null) this.goTo();
  }

  private free(digits: Digits | null): void {
    if (digits !== null && !this.options.shared.sample.release(digits.data)) digits.data.free();
  }

  private async takeFiles(files: readonly File[]): Promise<void> {
    const rest = await this.keep.takeRun(files);
    if (rest.length > 0) await this.loader.files(rest);
  }

  private loadRun(file: RunFile): void {
    const { store, engine } = this;
    const data = store.digits?.data;
    if (data === undefined) throw new RunFileError(M.figure.waiting);
    const { name, train, test } = file.digits;
    if (train !== data.trainCount || test !== data.testCount) {
      const describe = (n: string, a: number, b: number): string =>
        `${n}, ${count(a)} + ${count(b)}`;
      throw new RunFileError(
        M.runFile.otherData(
          describe(name, train, test),
          describe(data.name, data.trainCount, data.testCount),
        ),
      );
    }
    const { config } = decodeConfig(file.settings, store.rules);
    const rules = file.lanes.map((lane) => lane.rule).filter((id) => store.rule(id) !== undefined);
    if (rules.length !== file.lanes.length) throw new RunFileError(M.runFile.header);
    engine.restore(data, file.lanes, file.elapsedMs);
    // Where to compute is this machine's affair, not the file's.
    const compute = settingOf(store.config, "compute");
    store.config = withSetting(withSetting(config, "rules", rules), "compute", compute);
    store.built = store.config;
    store.forgetAll();
    for (const rule of rules) for (const m of file.history[rule] ?? []) store.history.push(rule, m);
    // What had been reached before the run was saved is no news.
    this.target.forget();
    for (const rule of rules) this.aims(rule, store.history.latest(rule));
    this.zoom.set(null);
    this.retuned = false;
    this.notices.clear("pending");
    this.notices.clearAll("lane-");
    this.refreshPace();
    this.refreshReadouts();
    store.changed("config", "history", "outputs", "latent");
    this.refresh();
    this.options.onParams(encodeConfig(store.config));
    const names = rules.map((id) => store.rule(id)?.short ?? id).join(", ");
    const text = M.runFile.loaded(count(engine.status().iteration), names);
    this.notices.show({ id: "run-file", kind: "info", text });
  }

  private otherDigits(): void {
    this.store.turn++;
    this.refreshReadouts();
    this.store.changed("outputs");
  }

  private handle(event: EngineEvent): void {
    this.take(event);
    this.options.onEvent?.(event);
  }

  private take(event: EngineEvent): void {
    const { store } = this;
    switch (event.type) {
      case "status":
        this.takeStatus(event.status);
        return;
      case "metrics":
        store.history.push(event.rule, event.metrics);
        store.changed("history");
        this.checkTarget(event.rule, event.metrics);
        return;
      case "outputs":
        store.outputs.set(event.rule, event);
        store.changed("outputs");
        return;
      case "latent":
        store.latents.set(event.rule, event);
        store.changed("latent");
        return;
      case "lane-stopped":
        this.reportLane(event);
        return;
      case "rewound":
        store.history.rewind(event.rule, event.step);
        store.changed("history");
        return;
      case "finished":
        this.refreshStatus();
        return;
      case "part":
        this.retuned = true;
        this.notices.show({ id: "part", kind: "info", text: C.part });
        return;
      default:
        this.device.handle(event);
    }
  }

  /** True when the rule has just reached the target. */
  private aims(rule: string, metrics: Metrics | undefined): boolean {
    const target = settingOf(this.store.built, "target");
    return metrics !== undefined && this.target.check(rule, metrics.test_loss, target);
  }

  private checkTarget(rule: string, metrics: Metrics): void {
    if (this.engine.status().phase !== "running" || !this.aims(rule, metrics)) return;
    this.engine.pause();
    const name = this.store.rule(rule)?.short ?? rule;
    const target = value(settingOf(this.store.built, "target"));
    const text = C.target.reached(name, value(metrics.test_loss), target, count(metrics.step));
    this.notices.show({ id: "target", kind: "info", text });
  }

  private reportLane(event: Extract<EngineEvent, { type: "lane-stopped" }>): void {
    const { rule, code, message } = event;
    const name = this.store.rule(rule)?.short ?? rule;
    const why = /[.!?]$/.test(message) ? message : `${message}.`;
    const remove = {
      label: M.lane.remove,
      run: () => {
        const rest = settingOf(this.store.config, "rules").filter((id) => id !== rule);
        if (rest.length > 0) this.set("rules", rest);
      },
    };
    const reset = { label: M.lane.reset, run: () => this.restart() };
    if (code === "diverged") {
      const { key, label, rate } = this.configs.lowerRate(rule);
      const lower = {
        label: M.lane.lower(label, formatNumber(rate)),
        run: () => this.retry(rule, key, rate),
      };
      const others = this.engine
        .status()
        .lanes.some((lane) => lane.rule !== rule && lane.stopped === null);
      const text = M.lane.diverged(name, why, others);
      this.notices.show({ id: `lane-${rule}`, kind: "error", text, actions: [lower, reset] });
      return;
    }
    const text = code === "config" ? M.lane.refused(name, why) : M.lane.failed(name, why);
    this.notices.show({ id: `lane-${rule}`, kind: "error", text, actions: [remove, reset] });
  }

  /** Starts one rule again with another rate; it catches up with the others. */
  private retry(rule: string, key: HyperKey, rate: number): void {
    this.engine.removeLane(rule);
    this.store.forget(rule);
    this.target.forget(rule);
    const anew = this.adopt(withRate(this.store.config, rule, key, rate));
    // A new run has the rule already.
    if (!anew) this.engine.addLane(this.configs.of(this.store.built, rule));
  }

  // Views -----------------------------------------------------------------------------------------

  private refreshPace(): void {
    const { built } = this.store;
    this.engine.setPace({
      budgetMs: settingOf(built, "budget"),
      interval: settingOf(built, "interval"),
      stopAt: settingOf(built, "stop"),
    });
  }

  private refreshReadouts(): void {
    const wants = this.figures.wants();
    const { digits, turn } = this.store;
    this.engine.setReadouts({
      outputs: wants.outputs && digits !== null ? digits.samples(turn) : null,
      latentCount: wants.latentCount,
    });
  }

  private refresh(): void {
    const { config } = this.store;
    this.setup.set(config);
    this.device.set(config);
    this.bar.setBudget(settingOf(config, "budget"));
    this.store.changed("config");
    this.refreshStatus();
    this.refreshLede();
  }

  private refreshLede(): void {
    const { lede } = this.options;
    const { built } = this.store;
    const task = taskOf(built);
    this.root.dataset.task = task;
    if (lede === null) return;
    const { inputs, classes } = this.configs.shape();
    const hidden = settingOf(built, "hidden");
    const widths = [inputs, ...hidden, task === "autoencoder" ? inputs : classes];
    setText(lede, LEDE[task](widths.join(" – "), Math.min(...hidden)));
  }

  private takeStatus(status: EngineStatus): void {
    const { store } = this;
    const before = store.status;
    store.status = status;
    // The link has led where it leads to.
    if (before.phase === "stepping" && status.phase === "paused") this.notices.clear("at");
    if (this.bar.due(before, status)) this.refreshStatus();
  }

  private refreshStatus(): void {
    const { status } = this.store;
    this.bar.show(this.armed, this.inSight);
    this.root.dataset.phase = status.suspended ? "suspended" : status.phase;
    this.store.changed("status");
  }
}
