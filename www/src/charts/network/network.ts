/**
 * The network as one rule trains it, and one real training step to be taken apart phase by phase.
 *
 * It follows the run ("live") until the reader plays or scrubs; then the step shown is held. What is drawn comes
 * from `sceneOf`, made once a step; a frame only strokes it. It draws nothing while off screen.
 */
import { h, setText } from "../../dom";
import type { Part } from "../../engine/protocol";
import { count, value } from "../../format";
import { NETWORK as N } from "../../messages/network";
import type { Chart, ChartHost, RuleStyle, Table } from "../chart";
import { Surface } from "../surface";
import { distance } from "./curve";
import { drawScene, type Shot } from "./draw";
import { type Layout, layoutOf } from "./layout";
import { depthOf, drawsPicture, type NetworkData, readingOf } from "./model";
import { Panel, wordsOf } from "./panel";
import { type PhaseId, Playhead, phasesOf, placeOf } from "./phases";
import { type Scene, sceneOf } from "./scene";
import { Scrubber } from "./scrubber";
import {
  firstUnit,
  phaseRows,
  pixelText,
  type UnitAt,
  unitTable,
  unitTitle,
  wireText,
} from "./values";
import { type Wire, wiresAt } from "./wires";

export interface NetworkHost extends ChartHost {
  /** The reader chose another rule. */
  onRule(rule: string): void;
  /** The reader wants the newest step: the one shown has been left behind. */
  onRefresh(): void;
  /** Another digit of the batch. */
  onDigit(): void;
  /** The step has been played: do it, and show the next one. */
  onStepOver(): void;
  /** Do the step now: with all weights (null), or with these alone. */
  onTake(part: Part | null): void;
}

/** A pointer further than this from everything points at nothing, in CSS pixels. */
const REACH = 9;
/** A calm picture while the run goes on needs no more frames than this, in ms. */
const LIVE_FRAME_MS = 33;

interface Hit {
  readonly unit?: UnitAt;
  readonly wire?: Wire;
  readonly pixel?: { readonly layer: number; readonly pixel: number };
}

export class NetworkChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private readonly surface: Surface;
  private readonly panel = new Panel();
  private readonly scrubber: Scrubber;
  private readonly readout = h("p", { class: "readout network-readout" }, N.hint);
  private readonly stepText = h("span", { class: "network-step" });
  private readonly rulesHost = h("div", { class: "network-rules" });
  private readonly live: HTMLButtonElement;
  /** All weights, only W, only B. */
  private readonly takes: readonly HTMLButtonElement[];
  private readonly heldText = h("span", {});
  private readonly held: HTMLElement;
  private readonly legend = h("div", { class: "network-legend" });
  private readonly waiting = h("p", { class: "network-waiting" }, N.waiting);
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly observer: IntersectionObserver;
  private data: NetworkData | null = null;
  private scene: Scene | null = null;
  private layoutKey = "";
  private phases: readonly PhaseId[] = phasesOf({ id: "np", perturbs: true });
  /** Null: live. */
  private position: number | null = null;
  /** Until the end of one phase, or through the step and on to the next (null). */
  private play: { head: Playhead; until: number | null } | null = null;
  /** Where a link leads, until that rule's step is here. */
  private wanted: { rule: string; phase: PhaseId } | null = null;
  private training = false;
  private selected: UnitAt | null = null;
  private hover: Hit | null = null;
  private wire: Wire | null = null;
  private focus: readonly Wire[] = [];
  private onScreen = false;
  private frame: number | null = null;
  private lastFrame = 0;
  private rulesShape = "";
  private legendOf = "";
  private shownPhase = "";
  private panelData: NetworkData | null = null;

  constructor(
    private readonly host: NetworkHost,
    private readonly uid: string,
  ) {
    this.image = h("div", { class: "network-image", role: "img", tabindex: 0 });
    this.image.setAttribute("aria-description", N.image);
    this.surface = new Surface(
      "network-canvas",
      (width) => this.layout(width)?.height ?? 440,
      () => this.resized(),
    );
    this.image.append(this.surface.canvas);
    this.scrubber = new Scrubber({
      onPlay: () => this.togglePlay(),
      onScrub: (position) => this.scrub(position),
      onPhase: (index) => this.showPhase(index),
    });
    this.live = button("network-live", N.live, N.liveTitle, () => this.follow());
    this.live.prepend(h("span", { class: "network-dot" }));
    const digit = button("quiet", N.digit, N.digitTitle, () => host.onDigit());
    this.held = h(
      "p",
      { class: "network-held", hidden: true },
      this.heldText,
      button("quiet", N.refresh, N.refresh, () => host.onRefresh()),
    );
    const which = h("div", { class: "network-which" }, this.stepText, digit);
    const body = h(
      "div",
      { class: "network-body" },
      h("div", { class: "network-stage" }, this.image, this.waiting, this.readout, this.legend),
      this.panel.element,
    );
    const take = (name: string, title: string, part: Part | null): HTMLButtonElement =>
      button("small", name, title, () => host.onTake(part));
    this.takes = [
      take(N.take.all, N.take.allTitle, null),
      take(N.take.forward, N.take.forwardTitle, "forward"),
      take(N.take.feedback, N.take.feedbackTitle, "feedback"),
    ];
    const takes = h(
      "div",
      { class: "network-take", role: "group", "aria-label": N.take.label },
      h("span", { "aria-hidden": "true" }, N.take.label),
      ...this.takes,
    );
    this.element = h(
      "div",
      { class: "network", "data-mode": "live", "data-waiting": true },
      h("div", { class: "network-bar" }, this.rulesHost, this.live, this.held, which),
      this.scrubber.element,
      takes,
      body,
    );
    this.listen();
    this.observer = new IntersectionObserver((entries) => {
      this.onScreen = entries.at(-1)?.isIntersecting ?? false;
      this.tick();
    });
    this.observer.observe(this.image);
    this.calm.addEventListener("change", this.motionChanged);
  }

  /** Whether the step shown is to stay. */
  get holding(): boolean {
    return this.position !== null;
  }

  get playing(): boolean {
    return this.play !== null;
  }

  /** Takes another step, or another digit or rule of it. */
  set(data: NetworkData): void {
    const before = this.data;
    this.data = data;
    delete this.element.dataset.waiting;
    this.element.dataset.rule = data.rule.id;
    this.element.dataset.step = String(data.moment.view.step);
    const phases = phasesOf(data.rule);
    if (phases.join() !== this.phases.join() || before === null) {
      this.phases = phases;
      if (this.position !== null) this.position = Math.min(this.position, phases.length);
      this.play = null;
    }
    this.scrubber.setPhases(
      phases,
      phases.map((phase) => wordsOf(phase, data.rule)),
    );
    const sizes = data.moment.config.sizes.join();
    if (before === null || before.moment.config.sizes.join() !== sizes) this.selected = null;
    this.layoutKey = "";
    this.scene = null;
    this.hover = null;
    this.wire = null;
    this.surface.fit();
    this.selected ??= this.suggest(data);
    const { view, config } = data.moment;
    setText(this.stepText, N.step(count(view.step + 1), data.sample + 1, config.batch));
    this.drawLegend();
    this.refresh();
    this.reach();
  }

  /** Shows a phase of that rule's step, once it is here, and takes the keyboard there. */
  goTo(rule: string, phase: PhaseId): void {
    this.wanted = { rule, phase };
    this.reach();
  }

  private reach(): void {
    const { wanted, data } = this;
    if (wanted === null || data?.rule.id !== wanted.rule) return;
    const index = this.phases.indexOf(wanted.phase);
    this.wanted = null;
    this.showPhase(index);
    this.scrubber.focus(index);
  }

  /** Nothing to show: the run is being made. */
  clear(): void {
    this.data = null;
    this.scene = null;
    this.play = null;
    this.position = null;
    this.wanted = null;
    this.element.dataset.waiting = "";
    setText(this.stepText, "");
    this.refresh();
  }

  setRules(rules: readonly RuleStyle[], chosen: string): void {
    const shape = `${rules.map((r) => r.id).join()}/${chosen}`;
    if (shape === this.rulesShape) return;
    this.rulesShape = shape;
    const had = this.rulesHost.contains(this.root.activeElement);
    this.rulesHost.replaceChildren(
      h(
        "fieldset",
        { class: "inline-group" },
        h("legend", { class: "visually-hidden" }, N.rules),
        h(
          "div",
          { class: "segments" },
          ...rules.map(({ id, short, label }) => {
            const radio = h("input", { type: "radio", name: `${this.uid}-rule`, value: id });
            radio.checked = id === chosen;
            radio.addEventListener("change", () => this.host.onRule(id));
            const swatch = h("span", { class: "swatch", "data-rule": id });
            return h("label", { title: label }, radio, h("span", {}, swatch, short));
          }),
        ),
      ),
    );
    if (had) this.rulesHost.querySelector<HTMLInputElement>("input:checked")?.focus();
  }

  /** Where the run is: it trains or rests, and how far it is beyond the step shown. */
  /** Whether a step can be done at all, and whether one of the rules learns B. */
  setTakes(ready: boolean, learns: boolean): void {
    for (const button of this.takes) button.disabled = !ready;
    const b = this.takes.at(-1);
    if (b === undefined) return;
    b.disabled = !learns;
    b.title = learns || !ready ? N.take.feedbackTitle : N.take.noneTitle;
  }

  setRun(training: boolean, ahead: number): void {
    if (training !== this.training) {
      this.training = training;
      this.tick();
    }
    const behind = this.holding && ahead > 0;
    this.held.hidden = !behind;
    if (behind) setText(this.heldText, N.held(count(ahead), ahead === 1));
  }

  /** The next step is here: play it, too. */
  playOn(): void {
    this.position = 0;
    this.start(null);
  }

  rules(): readonly RuleStyle[] {
    return this.data === null ? [] : [this.data.rule];
  }

  summary(): string {
    const { data, selected } = this;
    if (data === null || selected === null) return N.waiting;
    const phase = this.place?.phase ?? "live";
    const rows = phaseRows(data, phase, selected)
      .filter((row) => row.value !== "")
      .map((row) => `${row.label} ${row.value}`);
    const parts = `${unitTitle(data, selected)}: ${rows.join("; ")}.`;
    const words = wordsOf(phase, data.rule);
    return N.summary(count(data.moment.view.step + 1), words.short.toLowerCase(), parts);
  }

  table(): Table {
    const { data } = this;
    const layout = this.layout(this.surface.width || 800);
    if (data === null || layout === null) return { head: [], rows: [] };
    const shown = layout.columns.flatMap(({ layer, spots }) =>
      spots.map(({ unit }) => ({ layer, unit })),
    );
    return unitTable(data, shown);
  }

  draw(): void {
    const scene = this.sceneNow();
    if (scene === null || !this.surface.fit()) return;
    const { ctx, width, height } = this.surface;
    ctx.clearRect(0, 0, width, height);
    drawScene(ctx, scene, this.shot(this.lastFrame), this.host.palette);
  }

  restyle(): void {
    this.scene = null;
    this.panel.restyle();
    this.refresh();
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { data } = this;
    if (data === null) return 0;
    const layout = layoutOf({ ...this.shape(data), width });
    const scene = sceneOf(data, layout, this.host.palette);
    const place = this.place;
    const shot = { ...this.shot(null), ...(place && { progress: 1 }), focus: [], wire: null };
    drawScene(ctx, scene, shot, this.host.palette);
    return layout.height;
  }

  destroy(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    this.onScreen = false;
    this.observer.disconnect();
    this.calm.removeEventListener("change", this.motionChanged);
    this.surface.destroy();
    this.host.queue.drop(this);
  }

  // Time ------------------------------------------------------------------------------------------

  private get place() {
    return this.position === null ? null : placeOf(this.phases, this.position);
  }

  private get moving(): boolean {
    return !this.calm.matches;
  }

  private readonly motionChanged = (): void => {
    this.refresh();
  };

  private togglePlay(): void {
    if (this.data === null) return;
    if (this.play !== null) {
      this.play = null;
      this.refresh();
      return;
    }
    if (this.position === null || this.position >= this.phases.length) this.position = 0;
    this.start(null);
  }

  private start(until: number | null): void {
    this.play = { head: new Playhead(this.phases, this.position ?? 0), until };
    this.lastFrame = performance.now();
    this.refresh();
  }

  private scrub(position: number): void {
    if (this.data === null) return;
    this.play = null;
    // Without motion there are no moments between the ends of phases.
    this.position = this.moving ? position : Math.max(1, Math.ceil(position));
    this.refresh();
  }

  /** Plays one phase and stays at its end; without motion, shows its end. */
  private showPhase(index: number): void {
    if (this.data === null || index < 0 || index >= this.phases.length) return;
    this.play = null;
    if (this.moving) {
      this.position = index;
      this.start(index + 1);
    } else {
      this.position = index + 1;
      this.refresh();
    }
  }

  private follow(): void {
    this.play = null;
    this.position = null;
    this.host.onRefresh();
    this.refresh();
  }

  /** One frame of whatever moves. */
  private tick(): void {
    const place = this.place;
    const twinkles = place?.phase === "noisy" || place?.phase === "feedback";
    const drifts = this.position === null && this.training;
    const wanted =
      this.onScreen &&
      this.data !== null &&
      (this.play !== null || (this.moving && (twinkles || drifts)));
    if (!wanted) {
      if (this.frame !== null) cancelAnimationFrame(this.frame);
      this.frame = null;
      return;
    }
    this.frame ??= requestAnimationFrame((now) => {
      this.frame = null;
      this.advance(now);
      this.tick();
    });
  }

  private advance(now: number): void {
    const { play } = this;
    if (play === null) {
      if (now - this.lastFrame < LIVE_FRAME_MS) return;
      this.lastFrame = now;
      this.host.queue.mark(this);
      return;
    }
    // After a pause of the page itself, go on from where it was.
    const over = play.head.advance(Math.min(100, Math.max(0, now - this.lastFrame)));
    this.lastFrame = now;
    const { position } = play.head;
    const shown = this.moving ? position : Math.floor(position) + 1;
    this.position = Math.min(play.until ?? this.phases.length, shown);
    if (play.until !== null && position >= play.until) this.play = null;
    else if (over) {
      this.play = null;
      this.host.onStepOver();
    }
    this.refresh();
  }

  // Views -----------------------------------------------------------------------------------------

  private refresh(): void {
    const place = this.place;
    this.scrubber.set(this.position, this.play !== null);
    this.element.dataset.mode = this.position === null ? "live" : "held";
    this.element.dataset.phase = place?.phase ?? "live";
    this.live.setAttribute("aria-pressed", String(this.position === null));
    if (this.position === null) this.held.hidden = true;
    this.refreshPanel();
    this.host.queue.mark(this);
    this.tick();
  }

  private refreshPanel(): void {
    const { data } = this;
    const at = this.hover?.unit ?? this.selected;
    if (data === null || at === null) return;
    const phase = this.place?.phase ?? "live";
    const { step } = data.moment.view;
    const key = [data.rule.id, phase, step, data.sample, at.layer, at.unit].join();
    if (key === this.shownPhase && this.panelData === data) return;
    this.shownPhase = key;
    this.panelData = data;
    this.refocus();
    this.panel.show(data, phase, this.phases, at, this.host.palette);
  }

  private get root(): Document | ShadowRoot {
    const root = this.element.getRootNode();
    return root instanceof ShadowRoot ? root : this.element.ownerDocument;
  }

  private shape(data: NetworkData) {
    return { sizes: data.moment.config.sizes, picture: drawsPicture(data.moment) };
  }

  private layout(width: number): Layout | null {
    return this.data === null ? null : layoutOf({ ...this.shape(this.data), width });
  }

  private sceneNow(): Scene | null {
    const { data } = this;
    if (data === null || !this.surface.fit()) return null;
    const key = `${this.surface.width}`;
    if (this.scene === null || key !== this.layoutKey) {
      const layout = this.layout(this.surface.width);
      if (layout === null) return null;
      this.layoutKey = key;
      this.scene = sceneOf(data, layout, this.host.palette);
      this.refocus();
    }
    return this.scene;
  }

  private resized(): void {
    this.scene = null;
    this.host.queue.mark(this);
  }

  private shot(time: number | null): Shot {
    const place = this.place;
    return {
      phase: place?.phase ?? "live",
      progress: place?.progress ?? 1,
      time: this.moving ? time : null,
      selected: this.hover?.unit ?? this.selected,
      focus: this.focus,
      wire: this.hover?.wire ?? this.wire,
    };
  }

  private suggest(data: NetworkData): UnitAt | null {
    const layout = this.layout(this.surface.width || 800);
    const depth = depthOf(data.moment);
    const layer = Math.max(1, depth - 1);
    const shown = layout?.columns[layer]?.spots.map((spot) => spot.unit) ?? [];
    return shown.length === 0 ? null : firstUnit(data, shown, layer);
  }

  // Looking closer --------------------------------------------------------------------------------

  private listen(): void {
    const { image } = this;
    image.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.point(event, false);
    });
    image.addEventListener("pointerdown", (event) => this.point(event, true));
    image.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") this.look(null);
    });
    image.addEventListener("keydown", (event) => this.key(event));
  }

  private point(event: PointerEvent, pick: boolean): void {
    const box = this.surface.canvas.getBoundingClientRect();
    const hit = this.hit(event.clientX - box.left, event.clientY - box.top);
    if (pick && hit?.unit !== undefined) {
      this.selected = hit.unit;
      this.wire = null;
    }
    if (pick && hit?.wire !== undefined) this.wire = hit.wire;
    this.look(hit);
  }

  private hit(x: number, y: number): Hit | null {
    const scene = this.sceneNow();
    if (scene === null) return null;
    for (const { layer, spots } of scene.layout.columns)
      for (const spot of spots)
        if (Math.hypot(spot.x - x, spot.y - y) <= Math.max(12, spot.r + 4))
          return { unit: { layer, unit: spot.unit } };
    const { rows, cols } = scene.data.shape;
    for (const { layer, boxes } of scene.layout.columns)
      for (const box of boxes) {
        const col = Math.floor(((x - box.x) / box.size) * cols);
        const row = Math.floor(((y - box.y) / box.size) * rows);
        if (col >= 0 && row >= 0 && col < cols && row < rows)
          return { pixel: { layer, pixel: row * cols + col } };
      }
    let best: Wire | null = null;
    let reach = REACH;
    const lists = [this.focus, ...[...scene.w, ...scene.b].map((s) => s.wires)];
    for (const list of lists)
      for (const wire of list) {
        const d = distance(wire.curve, x, y);
        if (d < reach) {
          reach = d;
          best = wire;
        }
      }
    return best === null ? null : { wire: best };
  }

  private look(hit: Hit | null): void {
    const same = (a: Hit | null, b: Hit | null): boolean =>
      a?.wire === b?.wire &&
      JSON.stringify(a?.unit ?? a?.pixel) === JSON.stringify(b?.unit ?? b?.pixel);
    if (same(hit, this.hover)) return;
    this.hover = hit;
    this.inspect();
  }

  /** After a change of what is looked at: wires of the unit, the line of text, the panel. */
  private inspect(): void {
    this.refocus();
    setText(this.readout, this.readoutText());
    this.refreshPanel();
    this.host.queue.mark(this);
  }

  private refocus(): void {
    const { data, scene } = this;
    const at = this.hover?.unit ?? this.selected;
    this.focus =
      data === null || scene === null || at === null
        ? []
        : wiresAt(
            data,
            scene.layout,
            at.layer,
            at.unit,
            this.place?.phase === "feedback" ? "b" : "w",
          );
  }

  private readoutText(): string {
    const { data, hover } = this;
    if (data === null) return N.hint;
    if (hover?.pixel !== undefined) return pixelText(data, hover.pixel.layer, hover.pixel.pixel);
    const wire = hover?.wire ?? (hover?.unit === undefined ? this.wire : null);
    if (wire !== null && wire !== undefined) return wireText(data, wire);
    const at = hover?.unit;
    if (at === undefined) return N.hint;
    const h = readingOf(data.moment, data.sample, at.layer, at.unit, "h");
    return `${unitTitle(data, at)}: ${N.rows.h} ${value(h)}`;
  }

  private key(event: KeyboardEvent): void {
    const scene = this.sceneNow();
    const { data } = this;
    if (scene === null || data === null || this.selected === null) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "PageUp" || event.key === "PageDown") {
      const by = event.key === "PageUp" ? 1 : -1;
      this.showPhase((this.place?.index ?? -1) + by);
    } else if (event.key === "Enter") this.nextWire(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      this.wire = null;
      this.look(null);
      this.inspect();
    } else {
      const moves: Readonly<Record<string, readonly [number, number]>> = scene.layout.tall
        ? { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }
        : { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
      const move = moves[event.key];
      if (move === undefined) return;
      this.move(scene, ...move);
    }
    event.preventDefault();
  }

  private move(scene: Scene, layers: number, units: number): void {
    const { selected } = this;
    if (selected === null) return;
    const columns = scene.layout.columns.filter((column) => column.spots.length > 0);
    const at = columns.findIndex((column) => column.layer === selected.layer);
    const from = columns[at];
    const to = columns[Math.min(columns.length - 1, Math.max(0, at + layers))];
    if (from === undefined || to === undefined) return;
    const i = from.spots.findIndex((spot) => spot.unit === selected.unit);
    const share = from.spots.length > 1 ? i / (from.spots.length - 1) : 0.5;
    const j = to === from ? i + units : Math.round(share * (to.spots.length - 1));
    const spot = to.spots[Math.min(to.spots.length - 1, Math.max(0, j))];
    if (spot === undefined) return;
    this.selected = { layer: to.layer, unit: spot.unit };
    this.wire = null;
    this.hover = null;
    this.inspect();
    setText(this.readout, `${unitTitle(scene.data, this.selected)}. ${N.wireKeys}`);
  }

  /** The selected unit's wires, one after the other. */
  private nextWire(by: number): void {
    const { scene, selected } = this;
    if (scene === null || selected === null) return;
    const source = (wire: Wire): number =>
      wire.kind === "b" && scene.data.rule.direct ? scene.depth : wire.layer;
    const touches = (wire: Wire): boolean =>
      (source(wire) === selected.layer && wire.above === selected.unit) ||
      (wire.layer - 1 === selected.layer && wire.below === selected.unit);
    const all = [...scene.w, ...scene.b].flatMap((s) => s.wires).filter(touches);
    if (all.length === 0) return;
    const at = this.wire === null ? -1 : all.indexOf(this.wire);
    const next = at < 0 && by < 0 ? all.length - 1 : at + by;
    this.wire = all[(next + all.length) % all.length] ?? null;
    this.hover = null;
    this.inspect();
  }

  private drawLegend(): void {
    const { data } = this;
    if (data === null || data.rule.id === this.legendOf) return;
    this.legendOf = data.rule.id;
    this.legend.dataset.rule = data.rule.id;
    const item = (mark: string, text: string): HTMLElement =>
      h("span", { class: "network-key" }, h("span", { class: `mark ${mark}` }), text);
    const items = [
      item("units", N.legend.up),
      item("wire-w", N.legend.w),
      ...(data.rule.id === "perturb"
        ? []
        : [item("wire-b", data.rule.id === "bp" ? N.legend.bp : N.legend.b)]),
      ...(data.rule.perturbs === true ? [item("noise", N.legend.noise)] : []),
      item("ring", N.legend.error),
    ];
    this.legend.replaceChildren(
      h("span", { class: "visually-hidden" }, `${N.legend.label}: `),
      ...items,
    );
  }
}

function button(
  className: string,
  text: string,
  title: string,
  action: () => void,
): HTMLButtonElement {
  const element = h("button", { type: "button", class: className, title }, text);
  element.addEventListener("click", action);
  return element;
}
