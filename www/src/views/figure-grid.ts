/** All figures of the present task in reading order, and the one choice several of them share. */

import type { PhaseId } from "../charts/network/phases";
import { settingOf, taskOf } from "../config";
import type { OnSetting } from "../controls/settings";
import { h } from "../dom";
import { figuresFor } from "../figures";
import { LATENT_COUNT } from "../figures/pictures";
import type { FigureHost } from "../figures/spec";
import { layerName } from "../format";
import { M, SETTING_TEXT } from "../messages";
import type { Store } from "../store";
import { FigureView } from "./figure";

/** From this figure on they stand below the settings. */
const FIRST_BELOW = "angle";

export interface FigureGridHost {
  readonly store: Store;
  readonly chartHost: FigureHost;
  readonly onSetting: OnSetting;
  /** How all curves are drawn, and pinned runs: stands before the first of the curves. */
  readonly curves: HTMLElement;
  /** Ids of the figures to show; null for all. */
  only(): ReadonlySet<string> | null;
  /** The set of pictures on screen has changed. */
  onVisible(): void;
  onOtherDigits(): void;
}

export class FigureGrid {
  /** Beside the settings. */
  readonly element = h("div", { class: "figures" });
  /** What comes after, across the whole width; empty where only some figures are shown. */
  readonly below = h("div", { class: "figures below" });
  private views: FigureView[] = [];
  private built = "";
  private layerShape = "";
  private readonly layerBar = h("div", { class: "figures-bar", "data-control": "layer" });

  constructor(
    private readonly host: FigureGridHost,
    private readonly uid: string,
  ) {
    host.store.on("history", () => this.refreshLayers());
    host.store.on("config", () => this.refresh());
    this.refresh();
  }

  /** What the figures on screen need from the engine. */
  wants(): { outputs: boolean; latentCount: number } {
    const needs = (what: string): boolean =>
      this.views.some((view) => view.visible && view.spec.needs === what);
    return { outputs: needs("outputs"), latentCount: needs("latent") ? LATENT_COUNT : 0 };
  }

  restyle(): void {
    for (const view of this.views) view.restyle();
  }

  destroy(): void {
    for (const view of this.views) view.destroy();
    this.views = [];
  }

  refresh(): void {
    const { store } = this.host;
    const only = this.host.only();
    const shape = `${taskOf(store.built)}/${only === null ? "" : [...only].join()}`;
    if (shape !== this.built) {
      this.built = shape;
      this.layerShape = "";
      this.build();
    }
    for (const view of this.views) view.setConfig(store.config);
    this.refreshLayers();
  }

  private build(): void {
    const { store, chartHost, onSetting, onVisible } = this.host;
    this.destroy();
    const only = this.host.only();
    const all = figuresFor(store);
    // A list of figures is shown in its own order.
    const specs =
      only === null ? all : [...only].flatMap((id) => all.filter((spec) => spec.id === id));
    this.views = specs.map((spec) => new FigureView(spec, chartHost, store, onSetting, onVisible));
    const beside: HTMLElement[] = [];
    const below: HTMLElement[] = [];
    let children = beside;
    for (const view of this.views) {
      if (view.spec.id === "loss") children.push(this.host.curves);
      if (view.spec.id === FIRST_BELOW) {
        if (only === null) children = below;
        children.push(this.layerBar);
      }
      if (view.spec.needs === "outputs") view.addOption(this.otherDigits());
      children.push(view.element);
    }
    this.element.replaceChildren(...beside);
    this.below.replaceChildren(...below);
    this.below.hidden = below.length === 0;
  }

  /** Brings a figure into sight. */
  show(id: string, block: ScrollLogicalPosition = "center"): void {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.view(id)?.element.scrollIntoView({ behavior: calm ? "auto" : "smooth", block });
  }

  /** A step of the article, in the diagram. */
  showStep(step: PhaseId): void {
    this.show("network", "start");
    this.view("network")?.showStep(step);
  }

  private view(id: string): FigureView | undefined {
    return this.views.find((view) => view.spec.id === id);
  }

  private otherDigits(): HTMLElement {
    const button = h("button", { type: "button", class: "quiet" }, M.images.other);
    button.addEventListener("click", () => this.host.onOtherDigits());
    return button;
  }

  /** "all layers | W² | W³ | W⁴", once the core has said which layers have feedback. */
  private refreshLayers(): void {
    const { store, onSetting } = this.host;
    const names = store.layers().map((layer) => layerName(layer.name));
    const chosen = settingOf(store.config, "layer");
    const shape = `${names.join()}/${chosen}`;
    if (shape === this.layerShape) return;
    this.layerShape = shape;
    const options = [SETTING_TEXT.layer.options?.["0"] ?? "", ...names];
    const radios = options.map((name, i) => {
      const radio = h("input", { type: "radio", name: `${this.uid}-layer`, value: i });
      radio.checked = i === (chosen <= names.length ? chosen : 0);
      radio.addEventListener("change", () => onSetting("layer", i));
      return h("label", {}, radio, h("span", {}, name));
    });
    // Not the document's active element: in a shadow root that is the host.
    const focused = this.layerBar.matches(":focus-within");
    this.layerBar.replaceChildren(
      h("p", { class: "figures-title" }, M.figures.alignment),
      h(
        "fieldset",
        { class: "inline-group" },
        h("legend", { class: "visually-hidden" }, SETTING_TEXT.layer.label),
        h("div", { class: "segments" }, ...radios),
      ),
    );
    if (focused) this.layerBar.querySelector<HTMLInputElement>("input:checked")?.focus();
  }
}
