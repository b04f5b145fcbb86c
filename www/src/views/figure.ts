/**
 * One figure on the page: title, display options, chart, caption, a table of its values and a PNG.
 * Off screen it neither updates nor asks the engine for pictures.
 */

import { ANSWERED } from "../charts/chart";
import type { PhaseId } from "../charts/network/phases";
import type { PageConfig } from "../config";
import { type OnSetting, type SettingControl, settingControl } from "../controls/settings";
import { h, setText } from "../dom";
import type { FigureHost, Figure as FigureSpec, MountedFigure } from "../figures/spec";
import { M } from "../messages";
import { C } from "../messages/lab";
import type { Store } from "../store";
import { type FigurePicture, saveFigurePng, saveFigureSvg } from "./png";

/** Labels for screen readers and open tables follow the chart at this pace, in ms. */
const CALM_MS = 2000;

export class FigureView {
  readonly element: HTMLElement;
  visible = false;
  private drawn = false;
  private readonly mounted: MountedFigure;
  private readonly caption = h("figcaption", {});
  private readonly details: HTMLDetailsElement;
  private readonly tableHost: HTMLElement;
  private readonly options: SettingControl[];
  private readonly observer: IntersectionObserver;
  private readonly unsubscribe: (() => void)[];
  private wordsAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly spec: FigureSpec,
    host: FigureHost,
    private readonly store: Store,
    onSetting: OnSetting,
    private readonly onVisible: () => void,
  ) {
    this.mounted = spec.mount(host, onSetting);
    this.mounted.chart.image.setAttribute("aria-label", spec.title);
    this.options = spec.options.map((key) => settingControl(key, onSetting));
    // Focusable, because a table that scrolls must scroll by keyboard too.
    this.tableHost = h("div", {
      class: "table-host",
      tabindex: 0,
      role: "region",
      "aria-label": M.figure.dataTitle(spec.title),
    });
    this.details = h(
      "details",
      { class: "table" },
      h("summary", {}, M.figure.table),
      this.tableHost,
    );
    this.details.addEventListener("toggle", () => this.words(true));
    this.mounted.chart.element.addEventListener(ANSWERED, () => this.words(false));
    const png = h(
      "button",
      { type: "button", class: "quiet", title: M.figure.pngTitle(spec.title) },
      M.figure.png,
    );
    png.setAttribute("aria-label", M.figure.pngTitle(spec.title));
    const svg = h(
      "button",
      { type: "button", class: "quiet", title: C.svgTitle(spec.title) },
      C.svg,
    );
    svg.setAttribute("aria-label", C.svgTitle(spec.title));
    const picture = (): FigurePicture => {
      // What has just come into sight may not have caught up yet.
      this.mounted.update(this.store);
      return {
        title: spec.title,
        caption: this.caption.textContent ?? "",
        chart: this.mounted.chart,
        palette: host.palette,
        store,
      };
    };
    png.addEventListener("click", () => void saveFigurePng(picture()));
    svg.addEventListener("click", () => saveFigureSvg(picture()));
    this.element = h(
      "figure",
      { class: `figure ${spec.area}`, "data-figure": spec.id },
      h(
        "div",
        { class: "figure-head" },
        h("h3", {}, spec.title),
        h("div", { class: "figure-options" }, ...this.options.map((o) => o.element)),
      ),
      this.mounted.chart.element,
      this.caption,
      h(
        "div",
        { class: "figure-foot" },
        spec.tabular === true ? null : this.details,
        this.mounted.chart.footTools ?? null,
        png,
        svg,
      ),
    );
    this.unsubscribe = spec.topics.map((topic) => store.on(topic, () => this.update()));
    this.observer = new IntersectionObserver(
      (entries) => this.seen(entries.at(-1)?.isIntersecting ?? false),
      {
        rootMargin: "120px",
      },
    );
    this.observer.observe(this.element);
    this.setConfig(store.config);
    this.update();
  }

  setConfig(config: PageConfig): void {
    for (const option of this.options) option.set(config);
  }

  /** Extra buttons beside the display options, such as "other digits". */
  addOption(element: HTMLElement): void {
    this.element.querySelector(".figure-options")?.append(element);
  }

  showStep(step: PhaseId): void {
    this.mounted.showStep?.(step);
  }

  restyle(): void {
    this.mounted.chart.restyle();
  }

  destroy(): void {
    for (const stop of this.unsubscribe) stop();
    this.observer.disconnect();
    if (this.timer !== null) clearTimeout(this.timer);
    this.mounted.chart.destroy();
    this.element.remove();
  }

  private seen(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    this.onVisible();
    if (visible) this.update();
  }

  private update(): void {
    setText(this.caption, this.spec.caption(this.store));
    // Drawn once even off screen, so that nothing jumps when it comes into sight.
    const waits = this.drawn || this.spec.whenSeen === true || this.store.digits === null;
    if (!this.visible && waits) return;
    this.drawn = true;
    this.mounted.update(this.store);
    this.words(false);
  }

  /** Puts the chart into words: soon, but not at every point. */
  private words(now: boolean): void {
    const wait = now ? 0 : this.wordsAt + CALM_MS - performance.now();
    if (wait > 0) {
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.words(true);
      }, wait);
      return;
    }
    this.wordsAt = performance.now();
    const { chart } = this.mounted;
    chart.image.setAttribute("aria-label", `${this.spec.title}. ${chart.summary()}`);
    if (this.details.open) this.tableHost.replaceChildren(this.table());
  }

  private table(): HTMLElement {
    const { head, rows } = this.mounted.chart.table();
    if (rows.length === 0) return h("p", {}, M.figure.empty);
    return h(
      "table",
      {},
      h("caption", { class: "visually-hidden" }, M.figure.dataTitle(this.spec.title)),
      h("thead", {}, h("tr", {}, ...head.map((cell) => h("th", { scope: "col" }, cell)))),
      h(
        "tbody",
        {},
        ...rows.map((row) =>
          h(
            "tr",
            {},
            ...row.map((cell, i) =>
              i === 0 ? h("th", { scope: "row" }, cell) : h("td", {}, cell),
            ),
          ),
        ),
      ),
    );
  }
}
