/** One opened experiment: what it is about, its controls, panels, pictures, tables, and what differs from the paper. */
import type { Chart } from "../charts/chart";
import { Zoom } from "../charts/line-zoom";
import type { DrawQueue } from "../charts/queue";
import { h, saveBlob, setText, svg } from "../dom";
import type { Core } from "../engine/protocol";
import { coreError } from "../engine/protocol";
import { count } from "../format";
import { W } from "../messages/experiments";
import type { Preset } from "./binding";
import { Controls } from "./controls";
import { CIFAR, type DataSource, fits } from "./data";
import { Experiment, type Plan, PROBE } from "./experiment";
import { rowsAsCsv, rowsAsJson } from "./export";
import { panelData, type Shown } from "./figure-data";
import { origin } from "./measures";
import { PanelChart } from "./panel-chart";
import { hasPictures, PicturePanels, request } from "./pictures";
import { type FigurePicture, saveFigurePng, saveFigureSvg } from "./png";
import { Pool, poolSize } from "./pool";
import { local, worker } from "./ports";
import { pace } from "./schedule";
import { ArmPalette, type ArmStyle, armStyles } from "./style";
import { paperTable, valuesTable } from "./tables";

export interface ViewHost {
  readonly core: Core;
  readonly presets: readonly Preset[];
  readonly data: DataSource;
  readonly queue: DrawQueue;
  onPlan(plan: Plan): void;
  /** The commands that repeat a plan natively, where they are not `credit-lab run`. */
  readonly command?: (plan: Plan) => string;
  /** Other data makes other curves: replaces this view by one that starts, or returns false. */
  renew(): boolean;
}

/** Pause between two redraws, in ms. */
const DRAW_MS = 250;
/** Labels for screen readers and open tables follow at this pace, in ms. */
const CALM_MS = 2000;

interface PanelView {
  readonly chart: PanelChart;
  readonly words: () => void;
  readonly update: () => void;
}

export class ExperimentView {
  readonly element: HTMLElement;
  private readonly experiment: Experiment;
  private readonly palette: ArmPalette;
  private readonly styles: readonly ArmStyle[];
  private readonly controls: Controls;
  private readonly panels: readonly PanelView[];
  private readonly pictures: PicturePanels | null;
  private readonly hidden = new Set<string>();
  /** Of all panels that run along steps. */
  private readonly zoom = new Zoom();
  private readonly values = h("div", {
    class: "table-host",
    tabindex: 0,
    role: "region",
    "aria-label": W.values,
  });
  private readonly paper: HTMLElement;
  private readonly message = h("p", { class: "experiment-message", role: "alert" });
  private readonly stopped = h("ul", { class: "experiment-stopped", role: "status" });
  private readonly dataNote = h("p", { class: "experiment-note" });
  private readonly keyNote = h("p", { class: "experiment-note" });
  private readonly command = h("code", {});
  private readonly swatches: { path: SVGElement; id: string }[] = [];
  private cursor: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private wordsAt = Number.NEGATIVE_INFINITY;
  private loading = false;
  private turn = 0;

  constructor(
    private readonly preset: Preset,
    private plan: Plan,
    private readonly host: ViewHost,
    root: Element,
  ) {
    this.palette = new ArmPalette(root);
    this.styles = armStyles(preset.arms);
    this.palette.setArms(this.styles);
    this.experiment = new Experiment(preset, {
      now: () => performance.now(),
      changed: () => this.soon(),
      pool: (events, parts) => {
        const bytes = parts.trainImages.length + parts.testImages.length;
        const size = poolSize(navigator.hardwareConcurrency, bytes);
        return new Pool({ ...events, worker, local: local(host.core), size }, parts);
      },
    });
    this.controls = new Controls(preset, plan, {
      onRun: () => void this.toggle(),
      onStartOver: () => void this.start(),
      onPlan: (next) => {
        this.plan = next;
        host.onPlan(next);
        this.refresh();
      },
    });
    const syncKey = `experiment-${preset.id}-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    const chartHost = { queue: host.queue, palette: this.palette, syncKey, zoom: this.zoom };
    const charts = preset.panels.map(() => new PanelChart(chartHost, (step) => this.point(step)));
    this.panels = charts.map((chart, i) => this.panelView(chart, i));
    this.pictures = hasPictures(preset)
      ? new PicturePanels(chartHost, this.styles, lettered(preset))
      : null;
    this.paper = h("div", {
      class: "table-host",
      tabindex: 0,
      role: "region",
      "aria-label": preset.table?.title ?? "",
    });
    this.element = this.layout(charts);
    this.refresh();
  }

  /** Leaves the stage: a run holds and can go on later. */
  hide(): void {
    this.experiment.pause();
  }

  restyle(): void {
    this.palette.refresh();
    this.paintSwatches();
    for (const { chart } of this.panels) chart.restyle();
    this.pictures?.restyle();
  }

  /** Nothing has been run, so that nothing is lost with it. */
  get fresh(): boolean {
    return this.experiment.phase === "ready" && !this.loading;
  }

  destroy(): void {
    this.turn++;
    this.experiment.reset();
    if (this.timer !== null) clearTimeout(this.timer);
    for (const { chart } of this.panels) chart.destroy();
    this.pictures?.destroy();
    this.element.remove();
  }

  /** Data in the simulator has changed. */
  dataChanged(): void {
    this.refresh();
  }

  private async toggle(): Promise<void> {
    const { phase } = this.experiment;
    if (phase === "running") this.experiment.pause();
    else if (phase === "paused") this.experiment.resume();
    else await this.start();
  }

  async start(): Promise<void> {
    if (this.host.renew()) return;
    const turn = ++this.turn;
    this.loading = true;
    this.zoom.set(null);
    setText(this.message, "");
    this.experiment.reset();
    this.refresh();
    try {
      const parts = await this.host.data.take(this.preset);
      if (turn !== this.turn) return;
      this.experiment.start(this.plan, parts, request(this.preset, parts));
    } catch (thrown) {
      setText(this.message, W.data.failed(coreError(thrown).message));
    } finally {
      this.loading = false;
      this.refresh();
    }
  }

  // Layout ----------------------------------------------------------------------------------------

  private layout(charts: readonly PanelChart[]): HTMLElement {
    const { preset } = this;
    const grid = h(
      "div",
      { class: charts.length <= 3 ? "experiment-panels few" : "experiment-panels" },
      ...charts.map((chart, i) => this.panelFigure(chart, i)),
    );
    return h(
      "div",
      { class: "experiment-body" },
      preset.about === "" ? null : h("p", { class: "experiment-about" }, preset.about),
      this.controls.element,
      this.message,
      this.stopped,
      preset.table === null ? null : this.paper,
      this.legend(),
      grid,
      this.pictures?.element ?? null,
      this.keyNote,
      ...(this.tableSaysAll()
        ? []
        : [
            this.values,
            h(
              "p",
              { class: "experiment-note" },
              (preset.references.length > 0 ? W.valuesNote : W.valuesOwn) + this.bestNote(),
            ),
          ]),
      this.dataNote,
      h(
        "div",
        { class: "experiment-foot" },
        this.commandLine(),
        h("div", { class: "experiment-exports" }, ...this.exports()),
      ),
    );
  }

  /** Its panels show what the paper's table has, and nothing else. */
  private tableSaysAll(): boolean {
    const { table, panels } = this.preset;
    return table !== null && panels.every((panel) => panel.metric === table.metric);
  }

  private bestNote(): string {
    const table = this.host.presets.find((p) => p.runs === this.preset.runs && p.table)?.table;
    const used = this.preset.panels.some((panel) => panel.metric === table?.metric);
    const panel = this.preset.panels.find((p) => p.metric === table?.metric);
    return table?.statistic === "best" && used ? W.bestNote(panel?.title ?? "") : "";
  }

  private panelFigure(chart: PanelChart, i: number): HTMLElement {
    const panel = this.preset.panels[i];
    if (panel === undefined) return chart.element;
    return h(
      "figure",
      { class: "figure experiment-panel", "data-panel-index": i },
      h(
        "h4",
        {},
        panel.letter === "" ? null : h("span", { class: "letter" }, panel.letter),
        panel.title,
      ),
      chart.element,
      h("p", { class: "axis-name", "aria-hidden": "true" }, axisName(panel)),
      this.panelTable(chart, panel.title),
    );
  }

  private readonly openTables = new Map<
    Chart,
    { details: HTMLDetailsElement; body: HTMLElement }
  >();

  private panelTable(chart: Chart, title: string): HTMLElement {
    const body = h("div", {
      class: "table-host",
      tabindex: 0,
      role: "region",
      "aria-label": `${title}: ${W.values}`,
    });
    const details = h("details", { class: "table" }, h("summary", {}, "Data table"), body);
    details.addEventListener("toggle", () => this.fillTable(chart));
    this.openTables.set(chart, { details, body });
    return h("div", { class: "figure-foot" }, details, chart.footTools ?? null);
  }

  private fillTable(chart: Chart): void {
    const found = this.openTables.get(chart);
    if (found === undefined || !found.details.open) return;
    const { head, rows } = chart.table();
    if (rows.length === 0) {
      found.body.replaceChildren(h("p", {}, W.nothing));
      return;
    }
    const cell = (text: string, i: number): HTMLElement =>
      i === 0 ? h("th", { scope: "row" }, text) : h("td", {}, text);
    found.body.replaceChildren(
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map(cell)))),
      ),
    );
  }

  private panelView(chart: PanelChart, i: number): PanelView {
    return {
      chart,
      update: () => {
        const panel = this.experiment.preset.panels[i];
        if (panel !== undefined) chart.set(panelData(this.experiment, panel, this.shown()));
      },
      words: () => {
        const title = this.preset.panels[i]?.title ?? "";
        chart.image.setAttribute("aria-label", `${title}. ${chart.summary()}`);
        this.fillTable(chart);
      },
    };
  }

  /** Names with their line; a press takes a curve away or brings it back. */
  private legend(): HTMLElement {
    const items = this.styles.map((style) => {
      const path = { d: "M1 4H29", "stroke-dasharray": style.dash.join(" ") || null };
      const line = svg("0 0 30 8", { class: "arm-line" }, path);
      this.swatches.push({ path: line, id: style.id });
      const button = h(
        "button",
        { type: "button", class: "arm", "aria-pressed": "true", "data-arm": style.id },
        line,
        style.label,
      );
      button.addEventListener("click", () => {
        if (!this.hidden.delete(style.id)) this.hidden.add(style.id);
        button.setAttribute("aria-pressed", String(!this.hidden.has(style.id)));
        this.refresh();
      });
      return button;
    });
    this.paintSwatches();
    return h("div", { class: "arms", role: "group", "aria-label": W.show }, ...items);
  }

  private paintSwatches(): void {
    for (const { path, id } of this.swatches) path.style.stroke = this.palette.rule(id);
  }

  private commandLine(): HTMLElement {
    const copy = h("button", { type: "button", class: "small" }, W.copy);
    copy.addEventListener("click", () => {
      void navigator.clipboard.writeText(this.command.textContent ?? "").then(
        () => {
          setText(copy, W.copied);
          setTimeout(() => setText(copy, W.copy), 1500);
        },
        () => getSelection()?.selectAllChildren(this.command),
      );
    });
    return h(
      "div",
      { class: "experiment-command" },
      h("p", {}, this.host.command === undefined ? W.command : W.compare.command),
      h("div", { class: "command" }, this.command, copy),
    );
  }

  private exports(): HTMLElement[] {
    const name = (): string => {
      const { plan } = this.experiment;
      return `credit-lab-${this.preset.id}-${plan?.seeds ?? 0}x${plan?.steps ?? 0}`;
    };
    const button = (text: string, title: string, run: () => void): HTMLElement => {
      const element = h(
        "button",
        { type: "button", class: "small", title, "aria-label": title },
        text,
      );
      element.addEventListener("click", run);
      return element;
    };
    const save = (text: string, type: string, ending: string): void =>
      saveBlob(new Blob([text], { type }), `${name()}.${ending}`);
    return [
      button(W.csv, W.csvTitle, () => save(rowsAsCsv(this.experiment), "text/csv", "csv")),
      button(W.json, W.jsonTitle, () =>
        save(
          rowsAsJson(this.experiment, this.host.core.version(), this.commandText()),
          "application/json",
          "json",
        ),
      ),
      button(W.png, W.pngTitle, () => void saveFigurePng(name(), this.picture())),
      button(W.svg, W.svgTitle, () => saveFigureSvg(name(), this.picture())),
    ];
  }

  private picture(): FigurePicture {
    const { preset } = this;
    const panels = this.panels.map(({ chart }, i) => {
      const panel = preset.panels[i];
      const title = `${panel?.letter ?? ""}  ${panel?.title ?? ""}`.trim();
      return { chart, title, axis: panel === undefined ? "" : axisName(panel), span: 1 };
    });
    const pictures = (this.pictures?.charts() ?? []).map((chart, i) => ({
      chart,
      axis: "",
      title: `${lettered(preset) ? (i === 0 ? "B  " : "C  ") : ""}${i === 0 ? W.pictures.latent : W.pictures.samples}`,
      span: 4,
    }));
    const notes = [this.keyNote.textContent ?? "", this.dataText(), this.commandText()];
    const shown = this.styles.filter((style) => !this.hidden.has(style.id));
    const title = `${preset.source}: ${preset.title}`;
    const all = [...panels, ...pictures];
    return { title, notes, styles: shown, palette: this.palette, panels: all };
  }

  // Refreshing ------------------------------------------------------------------------------------

  private shown(): Shown {
    const { presets } = this.host;
    const steps = this.experiment.plan?.steps ?? this.plan.steps;
    return { presets, styles: this.styles, hidden: this.hidden, steps };
  }

  /** Something arrived: draw within a quarter of a second, not more often. */
  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.refresh();
    }, DRAW_MS);
  }

  private refresh(): void {
    const { experiment } = this;
    this.element.dataset.phase = this.loading ? "loading" : experiment.phase;
    this.controls.update(experiment, this.loading);
    for (const panel of this.panels) panel.update();
    this.pictures?.update(experiment, this.hidden);
    this.refreshValues();
    const { table } = experiment.preset;
    if (table !== null) {
      this.paper.replaceChildren(paperTable(experiment, table, this.host.presets));
    }
    this.refreshStopped();
    setText(this.dataNote, this.dataText());
    setText(this.keyNote, this.keyText());
    setText(this.command, this.commandText());
    this.words(experiment.phase !== "running");
  }

  private refreshValues(): void {
    // Replacing the table under a selection would take it away from the reader.
    const { activeElement } = document;
    if (
      activeElement !== null &&
      activeElement !== this.values &&
      this.values.contains(activeElement)
    )
      return;
    this.values.replaceChildren(valuesTable(this.experiment, this.shown(), this.cursor));
  }

  private point(step: number | null): void {
    if (step === this.cursor) return;
    this.cursor = step;
    this.refreshValues();
  }

  /** Why runs stopped: one line an arm and reason. */
  private refreshStopped(): void {
    const lines = new Map<string, string[]>();
    for (const run of this.experiment.runs) {
      if (run.why === null) continue;
      const style = this.styles.find(({ id }) => id === run.job.arm);
      const line = `${style?.label ?? run.job.arm}. ${W.stopped("#", run.why)}`;
      lines.set(line, [...(lines.get(line) ?? []), String(run.job.seed)]);
    }
    const texts = [...lines].map(([line, seeds]) => line.replace("#", seeds.join(", ")));
    if (this.stopped.textContent === texts.join("")) return;
    this.stopped.replaceChildren(...texts.map((text) => h("li", {}, text)));
  }

  private dataText(): string {
    const { parts } = this.experiment;
    const { data } = this.preset;
    const texts: string[] = [];
    if (parts !== null) {
      texts.push(
        typeof data === "string"
          ? W.data.own(parts.name, count(parts.trainLabels.length), count(parts.testLabels.length))
          : W.data.synthetic(parts.name),
      );
    }
    if (
      data === "mnist" &&
      this.host.command === undefined &&
      (parts === null || parts.trainLabels.length < 60_000)
    ) {
      texts.push(W.data.paper60);
    }
    const cifar = typeof data === "string" ? CIFAR[data] : undefined;
    if (cifar !== undefined && (parts === null || !fits(data, parts.shape))) {
      texts.push(W.data.cifar(cifar.name, cifar.file));
    }
    const steps = this.experiment.plan?.steps ?? this.plan.steps;
    texts.push(W.data.probe(count(PROBE), count(pace(this.preset.every, steps))));
    if (parts !== null && this.host.data.stale(this.preset, parts)) texts.push(W.data.changed);
    return texts.join(" ");
  }

  private keyText(): string {
    const { preset } = this;
    const texts: string[] = [W.key.line];
    if (preset.references.length > 0) {
      const paper = preset.references.some((r) => origin(r) === "paper");
      const notebook = preset.references.some((r) => origin(r) === "notebook");
      const kinds = [
        ...(paper ? [W.key.paper] : []),
        ...(notebook ? [W.key.notebook] : []),
        ...(preset.references.some((r) => r.approximate) ? [W.key.approximate] : []),
      ];
      texts.push(`${W.key.thin} ${kinds.join(", ")}.`, W.key.end(count(preset.steps)));
      const steps = this.experiment.plan?.steps ?? this.plan.steps;
      if (steps < preset.steps) texts.push(W.key.shorter(count(steps)));
    }
    return texts.join(" ");
  }

  private commandText(): string {
    const { seeds, steps } = this.experiment.plan ?? this.plan;
    const own = this.host.command?.({ seeds, steps });
    if (own !== undefined) return own;
    const { id, width } = this.preset;
    const narrow = width === null ? "" : ` --width ${width}`;
    return `credit-lab run ${id}${narrow} --seeds ${seeds} --steps ${steps} --out runs`;
  }

  private words(now: boolean): void {
    if (!now && performance.now() - this.wordsAt < CALM_MS) return;
    this.wordsAt = performance.now();
    for (const panel of this.panels) panel.words();
    this.pictures?.words();
  }
}

/** The paper's panels have letters, and so have its pictures. */
const lettered = ({ panels }: Preset): boolean => panels.some((panel) => panel.letter !== "");

function axisName({ axis }: Preset["panels"][number]): string {
  return typeof axis === "string" ? W.axis[axis] : axis.arms.label;
}
