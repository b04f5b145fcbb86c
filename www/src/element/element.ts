/**
 * `<credit-lab>`: one instrument in a shadow root, configured by attributes.
 *
 * All elements of a page share wasm module, digits, GPU device, drawing and frames (views/shared.ts). An
 * element out of sight holds. Nothing outside it is read or written but the system's colour scheme and
 * whether the tab is hidden. What an author got wrong is said in the element and as an `error` event.
 */
import { type PageConfig, settingOf, taskOf } from "../config";
import { decodeConfig, encodeConfig, formatNumber, hyperOf } from "../config-url";
import { h } from "../dom";
import { CoreLoadError } from "../engine/core";
import type { EngineEvent, EngineStatus } from "../engine/protocol";
import { digitPresets } from "../experiments/binding";
import { M } from "../messages";
import { E } from "../messages/element";
import { Lab } from "../views/lab";
import { type Notice, Notices } from "../views/notices";
import { Loading } from "../views/progress";
import { pageShared, type Shared } from "../views/shared";
import type {
  CreditLabElement as Api,
  CreditLabConfig,
  CreditLabErrorDetail,
  CreditLabEventMap,
  CreditLabHyperparameters,
  CreditLabPhase,
  CreditLabStatus,
} from "./api";
import { metricsDetail, stepDetail } from "./details";
import { bringFormulaFont } from "./font";
import type { PresetSource } from "./presets";
import { type Given, givenBy, readSource, type Source } from "./source";
import { shadowSheet } from "./styles";

/** The folder that holds `data/`, and the simulator's own page, for links; set by whoever defines the element. */
let base: URL | null = null;
let page: URL | null = null;

/** So that the module can be imported where there is no page (a server, a test); nothing works there. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/** Steps that one call may ask for. */
const MOST_STEPS = 10_000_000;

type Detail<K extends keyof CreditLabEventMap> = CreditLabEventMap[K]["detail"];

export class CreditLabElement extends Base implements Api {
  private readonly frame = h("div", { class: "frame" });
  private readonly root = h("div", { class: "lab", lang: "en" });
  private lab: Lab | null = null;
  private core: PresetSource | null = null;
  private ready = false;
  private failed = false;
  /** Counts connections: what began in an earlier one has no effect. */
  private turn = 0;
  /** What the attributes said when they were last read. */
  private given: Given = new Map();
  private deferred: ((lab: Lab) => void)[] = [];
  private inSight = false;
  private lastState = "";
  private lastIteration = 0;
  private stepFrame: number | null = null;
  private readonly sight: IntersectionObserver;
  private readonly changes: MutationObserver;

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [shadowSheet()];
    shadow.append(this.frame);
    this.frame.append(this.root);
    const internals = this.attachInternals();
    internals.role = "group";
    internals.ariaLabel = E.label;
    this.sight = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1)?.isIntersecting ?? false;
      this.lab?.setInSight(this.inSight);
    });
    // Not observedAttributes: rates such as np.eta_w are known only once the core is there.
    this.changes = new MutationObserver(() => this.attributesChanged());
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  connectedCallback(): void {
    const turn = ++this.turn;
    this.sight.observe(this);
    this.changes.observe(this, { attributes: true });
    // Moved within the page: everything goes on.
    if (this.lab !== null) return;
    this.failed = false;
    void this.mount(turn);
  }

  disconnectedCallback(): void {
    const turn = this.turn;
    this.sight.disconnect();
    this.changes.disconnect();
    // A move disconnects and connects in one go; only an element that stays away is taken down.
    queueMicrotask(() => {
      if (this.isConnected || turn !== this.turn) return;
      this.turn++;
      this.takeDown();
    });
  }

  // What a page can call -----------------------------------------------------------------------------

  run(): void {
    this.act((lab) => lab.play());
  }

  pause(): void {
    this.act((lab) => lab.pause());
  }

  reset(): void {
    this.act((lab) => lab.restart());
  }

  step(n = 1): void {
    if (!Number.isSafeInteger(n) || n < 1 || n > MOST_STEPS) throw new RangeError(E.badSteps);
    this.act((lab) => lab.engine.stepBy(n));
  }

  async snapshot(): Promise<Uint8Array> {
    const lab = await this.whenReady();
    const bytes = await lab.save();
    if (bytes === null) throw new Error(E.notReady);
    return bytes;
  }

  async restore(bytes: Uint8Array): Promise<void> {
    const lab = await this.whenReady();
    lab.restore(bytes);
  }

  setHyperparameters(rates: CreditLabHyperparameters, rule?: string): void {
    // Copied now: the caller may change the object before a deferred call is carried out.
    const wanted = Object.entries(rates).filter(([, value]) => value !== undefined);
    if (this.core !== null) this.setRates(wanted, rule);
    else this.act(() => this.setRates(wanted, rule));
  }

  get status(): CreditLabStatus {
    const status = this.lab?.engine.status() ?? null;
    return {
      phase: this.phase(status),
      suspended: status?.suspended ?? false,
      iteration: status?.iteration ?? 0,
      iterationsPerSecond: status?.perSecond ?? null,
      elapsedMs: status?.elapsedMs ?? 0,
      rules: (status?.lanes ?? []).map(({ rule, step, device, stopped }) => ({
        rule,
        step,
        device,
        stopped: stopped === null ? null : { ...stopped },
      })),
    };
  }

  get config(): CreditLabConfig {
    const config = this.lab?.store.config ?? { set: {}, rates: {} };
    return {
      task: taskOf(config),
      rules: [...settingOf(config, "rules")],
      seed: settingOf(config, "seed"),
      rates: structuredClone(config.rates),
      params: encodeConfig(config),
    };
  }

  // Coming and going ---------------------------------------------------------------------------------

  private async mount(turn: number): Promise<void> {
    const loading = new Loading();
    this.root.replaceChildren(loading.element);
    let shared: Shared;
    try {
      shared = await pageShared(base ?? new URL(".", document.baseURI), (progress) =>
        loading.show(progress),
      );
    } catch (thrown) {
      if (turn === this.turn) this.explain(thrown);
      return;
    }
    bringFormulaFont(base ?? new URL(".", document.baseURI));
    // One a frame: building an instrument takes tens of milliseconds.
    await new Promise<void>((resolve) => shared.frames.request(resolve));
    if (turn !== this.turn) return;
    const { core } = shared;
    this.core = {
      presets: digitPresets(),
      rules: core.rules(),
      defaultConfig: (...args) => core.defaultConfig(...args),
    };
    this.given = givenBy(this.attributes);
    const source = readSource(this.given, this.core);
    const lab = new Lab(this.root, {
      shared,
      params: encodeConfig(source.config),
      dataUrl: null,
      lede: null,
      onParams: () => undefined,
      link: (params) => new URL(`#${params}`, page ?? document.baseURI).href,
      view: source.view,
      onEvent: (event) => this.engineEvent(event),
      onNotice: (notice) => this.noticed(notice),
    });
    // Several of them on a page would be landmarks of one name.
    lab.notices.element.setAttribute("role", "group");
    this.lab = lab;
    lab.setInSight(this.inSight);
    this.complain(source);
    // At the first attempt or, after a failure, when the reader has tried again.
    lab.store.on("digits", () => {
      if (!this.ready) this.becomeReady(lab, source.autoplay);
    });
    await lab.start();
  }

  private becomeReady(lab: Lab, autoplay: boolean): void {
    this.ready = true;
    this.tell("ready", this.status);
    for (const call of this.deferred.splice(0)) call(lab);
    // Whoever asks for less motion starts a run by hand.
    if (autoplay && !matchMedia("(prefers-reduced-motion: reduce)").matches) lab.play();
  }

  private takeDown(): void {
    if (this.stepFrame !== null) cancelAnimationFrame(this.stepFrame);
    this.stepFrame = null;
    this.lab?.destroy();
    this.lab = null;
    this.ready = false;
    this.deferred = [];
    this.lastIteration = 0;
    this.lastState = "";
  }

  private explain(thrown: unknown): void {
    this.failed = true;
    const reason = thrown instanceof CoreLoadError ? thrown.reason : "load";
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const notices = new Notices((notice) => this.noticed(notice));
    notices.element.setAttribute("role", "group");
    this.root.replaceChildren(notices.element);
    notices.show({
      id: "core",
      kind: "error",
      text: reason === "load" ? M.core.load(detail) : M.core[reason],
      actions: [{ label: M.data.retry, run: () => this.retry() }],
    });
    this.state();
  }

  private retry(): void {
    if (this.lab !== null || !this.isConnected) return;
    this.failed = false;
    void this.mount(++this.turn);
  }

  private act(call: (lab: Lab) => void): void {
    if (this.ready && this.lab !== null) call(this.lab);
    else this.deferred.push(call);
  }

  private whenReady(): Promise<Lab> {
    if (!this.isConnected) return Promise.reject(new Error(E.gone));
    return new Promise((resolve) => this.act(resolve));
  }

  // Attributes ---------------------------------------------------------------------------------------

  private attributesChanged(): void {
    const { lab, core } = this;
    if (lab === null || core === null) return;
    const before = this.given;
    const now = givenBy(this.attributes);
    const names = new Set([...before.keys(), ...now.keys()]);
    const changed = [...names].filter((name) => before.get(name) !== now.get(name));
    if (changed.length === 0) return;
    this.given = now;
    const source = readSource(now, core);
    if (changed.includes("theme")) lab.restyle();
    if (changed.includes("controls") || changed.includes("figures")) lab.show(source.view);
    lab.configure(encodeConfig(merged(lab.store.config, source.config, changed, core)));
    this.complain(source);
  }

  private complain({ problems }: Source): void {
    if (this.lab === null) return;
    this.lab.notices.clear("attributes");
    if (problems.length === 0) return;
    this.lab.notices.show({
      id: "attributes",
      kind: "warning",
      text: E.lead,
      list: problems.slice(0, 5),
    });
    this.fail({ code: "attributes", message: problems.join(" ") });
  }

  private setRates(wanted: readonly [string, number][], only: string | undefined): void {
    const { core, lab } = this;
    if (core === null || lab === null) return;
    const shown = settingOf(lab.store.config, "rules");
    const rules = core.rules.filter(({ id }) =>
      only === undefined ? shown.includes(id) : id === only,
    );
    if (only !== undefined && rules.length === 0) throw new RangeError(E.badRule(only));
    const params = new URLSearchParams(encodeConfig(lab.store.config));
    for (const [key, value] of wanted) {
      const having = rules.filter((rule) => hyperOf(rule, key) !== undefined && key !== "gamma");
      if (having.length === 0) {
        throw new RangeError(only === undefined ? E.noRate(key) : E.badRate(key, only));
      }
      for (const rule of having) {
        const range = hyperOf(rule, key);
        const fits = range !== undefined && value >= range.min && value <= range.max;
        if (!fits) {
          const [min, max] = [formatNumber(range?.min ?? 0), formatNumber(range?.max ?? 0)];
          throw new RangeError(E.badValue(key, min, max));
        }
        params.set(`${rule.id}.${key}`, formatNumber(value));
      }
    }
    lab.configure(params.toString());
  }

  // Events -------------------------------------------------------------------------------------------

  private engineEvent(event: EngineEvent): void {
    switch (event.type) {
      case "status":
        this.statusChanged(event.status);
        return;
      case "metrics":
        this.tell("metrics", metricsDetail(event.rule, event.metrics));
        return;
      case "finished":
        this.tellStep();
        this.tell("finished", stepDetail(event.iteration, null));
        return;
      case "lane-stopped":
        this.fail({ code: event.code, message: event.message, rule: event.rule });
        return;
      default:
    }
  }

  private statusChanged(status: EngineStatus): void {
    this.state();
    if (status.iteration === this.lastIteration) return;
    this.stepFrame ??= requestAnimationFrame(() => this.tellStep());
  }

  private tellStep(): void {
    if (this.stepFrame !== null) cancelAnimationFrame(this.stepFrame);
    this.stepFrame = null;
    const status = this.lab?.engine.status();
    if (status === undefined || status.iteration === this.lastIteration) return;
    this.lastIteration = status.iteration;
    this.tell("step", stepDetail(status.iteration, status.perSecond));
  }

  private state(): void {
    const { status } = this;
    const state = `${status.phase}${status.suspended}`;
    if (state === this.lastState) return;
    this.lastState = state;
    this.tell("state", status);
  }

  private phase(status: EngineStatus | null): CreditLabPhase {
    if (this.failed) return "failed";
    return status === null || status.phase === "empty" ? "loading" : status.phase;
  }

  private noticed({ id, kind, text }: Notice): void {
    // Stopped rules are reported by the engine, with their code.
    if (kind === "error" && !id.startsWith("lane-")) this.fail({ code: id, message: text });
  }

  private fail(detail: CreditLabErrorDetail): void {
    this.tell("error", detail);
  }

  private tell<K extends keyof CreditLabEventMap>(type: K, detail: Detail<K>): void {
    // Errors do not bubble: a page's own handler of failed loads must not take them for its own.
    const bubbles = type !== "error";
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles, composed: true }));
  }

  /** Shortcuts of controls that the author left out do nothing. */
  private key(event: KeyboardEvent): void {
    const { lab } = this;
    if (lab === null) return;
    const controls = readSource(this.given, this.core ?? NOTHING).view.controls;
    const needs = event.key === "." ? "step" : event.key === "R" ? "reset" : "run";
    if (needs !== "run" && controls !== null && !controls.has(needs)) return;
    lab.handleKey(event);
  }
}

const NOTHING: PresetSource = {
  presets: [],
  rules: [],
  defaultConfig: () => {
    throw new Error(E.notReady);
  },
};

/** What the reader has set stays, except where the author has just changed it; a new preset replaces all. */
function merged(
  present: PageConfig,
  wanted: PageConfig,
  changed: readonly string[],
  core: PresetSource,
): PageConfig {
  if (changed.some((name) => name === "preset" || name === "params" || name === "task"))
    return wanted;
  const now = new URLSearchParams(encodeConfig(present));
  const next = new URLSearchParams(encodeConfig(wanted));
  for (const name of changed) {
    const value = next.get(name);
    if (value === null) now.delete(name);
    else now.set(name, value);
  }
  return decodeConfig(now.toString(), core.rules).config;
}

/** Registers the element, once for each page. */
export function defineCreditLab(home: URL, site: URL | null): void {
  if (typeof customElements === "undefined" || customElements.get("credit-lab") !== undefined)
    return;
  base = home;
  page = site;
  customElements.define("credit-lab", CreditLabElement);
}
