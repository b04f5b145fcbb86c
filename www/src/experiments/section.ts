/** The list of experiments. One is open at a time; a run that is left holds and goes on when the reader comes back. */
import { DrawQueue } from "../charts/queue";
import { h } from "../dom";
import type { Core } from "../engine/protocol";
import { problemText, W } from "../messages/experiments";
import { Notices } from "../views/notices";
import { MAX_SEEDS, readAddress, type Wanted } from "./address";
import { digitPresets, type Preset } from "./binding";
import { DataSource, type LabData } from "./data";
import { type Plan, PROBE } from "./experiment";
import { decodeOwn, encodeOwn, type LabSettings, ownCommand, ownPreset } from "./own";
import { bare, OwnForm, PAPER_LEVELS } from "./own-form";
import { ExperimentView } from "./view";

export interface SectionOptions {
  readonly core: Core;
  readonly lab: LabData & LabSettings;
  /** The packed digits that come with the page. */
  readonly sample: URL;
  /** A parameter of the address; hostile. */
  readonly param: (name: string) => string | null;
  /** An experiment was opened, closed or given other numbers. */
  readonly onAddress: (wanted: Wanted | null) => void;
}

interface Item {
  preset: Preset;
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly body: HTMLElement;
  /** The preset as the view has it. */
  shown: Preset;
  view: ExperimentView | null;
  plan: Plan;
  /** A comparison of the reader's own. */
  form: OwnForm | null;
}

/** Seeds to begin with: enough for a band. */
const SEEDS = 3;

export class ExperimentsSection {
  private readonly notices = new Notices();
  private readonly queue = new DrawQueue(
    () => performance.now(),
    (callback) => requestAnimationFrame(callback),
    (handle) => cancelAnimationFrame(handle),
  );
  private readonly data: DataSource;
  private readonly items: readonly Item[];
  private readonly presets: readonly Preset[];

  constructor(
    private readonly root: HTMLElement,
    private readonly options: SectionOptions,
  ) {
    // Two regions of one name on a page could not be told apart.
    this.notices.element.setAttribute("aria-label", W.notice.label);
    this.data = new DataSource(options.core, options.lab, options.sample);
    this.presets = digitPresets();
    const spec = { config: bare(options.lab.settings()), levels: PAPER_LEVELS };
    const own = this.item(ownPreset(spec, options.lab), W.compare.meta);
    own.form = new OwnForm(spec, options.lab, {
      onChange: () => this.formChanged(own),
      onApply: () => this.applyForm(own),
    });
    own.body.append(own.form.element);
    this.items = [...this.presets.map((preset) => this.item(preset)), own];
    root.replaceChildren(
      h(
        "div",
        { class: "experiments-head" },
        h("h2", { id: "experiments-title" }, W.title),
        h("p", {}, W.lede),
      ),
      this.notices.element,
      h(
        "ol",
        { class: "experiment-list", "aria-label": W.list },
        ...this.items.map((item) => item.element),
      ),
    );
    const restyle = (): void => {
      for (const item of this.items) item.view?.restyle();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
    const observer = new MutationObserver(restyle);
    observer.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["data-theme"],
    });
    options.lab.onChange(() => {
      for (const item of this.items) {
        // A comparison of one's own follows the simulator's images in its widths.
        if (item.form !== null) this.formChanged(item);
        else if (item.view?.fresh === true) this.renew(item, false);
        item.view?.dataChanged();
      }
    });
    this.fromAddress();
  }

  /** Opens the reader's own comparison with the simulator's present settings. */
  compare(): void {
    const item = this.items.find(({ form }) => form !== null);
    if (item === undefined) return;
    item.form?.take();
    this.open(item);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    item.element.scrollIntoView({ behavior: still ? "auto" : "smooth" });
    item.button.focus({ preventScroll: true });
  }

  /** Other curves: at once, unless runs would be lost. */
  private formChanged(item: Item): void {
    if (item.view === null || item.view.fresh) this.applyForm(item);
    else item.form?.setWaiting(true);
  }

  private applyForm(item: Item): void {
    const { form } = item;
    if (form === null) return;
    form.setWaiting(false);
    item.preset = ownPreset(form.spec, this.options.lab);
    if (item.view === null) return;
    item.view.destroy();
    item.view = null;
    if (!item.body.hidden) this.show(item);
    this.tell();
  }

  private fromAddress(): void {
    const { wanted, problems } = readAddress(
      this.options.param,
      this.items.map(({ preset }) => preset),
    );
    if (problems.length > 0) {
      const list = problems.map(problemText);
      this.notices.show({ id: "experiment-url", kind: "warning", text: W.notice.lead, list });
    }
    const item = this.items.find(({ preset }) => preset.id === wanted?.preset);
    if (item !== undefined && wanted !== null) {
      const { seeds, steps } = wanted;
      item.plan = { seeds: seeds ?? item.plan.seeds, steps: steps ?? item.plan.steps };
      const { own, levels } = wanted.own ?? { own: null, levels: null };
      const spec = decodeOwn(own, levels, this.options.lab.rules);
      if (spec !== null) item.form?.set({ ...spec, config: bare(spec.config) });
      this.open(item);
    }
    if (wanted !== null || problems.length > 0) this.root.scrollIntoView();
  }

  private item(preset: Preset, meta = W.curves(preset.arms.length)): Item {
    const id = `experiment-${preset.id}`;
    const button = h(
      "button",
      { type: "button", "aria-expanded": "false", "aria-controls": id },
      h("span", { class: "experiment-source" }, preset.source),
      h("span", { class: "experiment-title" }, preset.title),
      h("span", { class: "experiment-meta" }, meta),
    );
    const body = h("div", { id, hidden: true });
    const element = h(
      "li",
      { class: "experiment", "data-experiment": preset.id },
      h("h3", {}, button),
      body,
    );
    const plan = { seeds: Math.min(SEEDS, preset.seeds, MAX_SEEDS), steps: preset.quick_steps };
    const item: Item = {
      preset,
      element,
      button,
      body,
      shown: preset,
      view: null,
      plan,
      form: null,
    };
    button.addEventListener("click", () => {
      if (body.hidden) this.open(item);
      else this.close(item);
      this.tell();
    });
    return item;
  }

  private open(item: Item): void {
    for (const other of this.items) if (other !== item) this.close(other);
    item.body.hidden = false;
    item.button.setAttribute("aria-expanded", "true");
    if (item.view === null) this.show(item);
    this.tell();
  }

  private show(item: Item): ExperimentView {
    item.shown = this.data.look(item.preset);
    const view = new ExperimentView(
      item.shown,
      item.plan,
      {
        core: this.options.core,
        presets: this.presets,
        data: this.data,
        queue: this.queue,
        ...(item.form !== null && {
          command: (plan: Plan) => ownCommand(item.shown, plan, this.options.lab, PROBE),
        }),
        onPlan: (plan) => {
          item.plan = plan;
          this.tell();
        },
        renew: () => this.renew(item, true),
      },
      this.root,
    );
    item.view = view;
    item.body.append(view.element);
    return view;
  }

  /** Shows the experiment anew if the data loaded by now asks for other networks. */
  private renew(item: Item, start: boolean): boolean {
    const next = this.data.look(item.preset);
    if (JSON.stringify(next.arms) === JSON.stringify(item.shown.arms)) return false;
    item.view?.destroy();
    const view = this.show(item);
    if (start) void view.start();
    return true;
  }

  private close(item: Item): void {
    item.body.hidden = true;
    item.button.setAttribute("aria-expanded", "false");
    item.view?.hide();
  }

  private tell(): void {
    const item = this.items.find(({ body }) => !body.hidden);
    if (item === undefined) this.options.onAddress(null);
    else {
      const own = item.form === null ? {} : { own: encodeOwn(item.form.spec) };
      this.options.onAddress({ preset: item.preset.id, ...item.plan, ...own });
    }
  }
}
