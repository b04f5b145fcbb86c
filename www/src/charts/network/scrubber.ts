/** The slider through the step, a button for every phase above it, and play, back and on beside it. */
import { h, setText, svg } from "../../dom";
import { NETWORK as N } from "../../messages/network";
import type { PhaseWords } from "./panel";
import { type PhaseId, placeOf, TICKS } from "./phases";

export interface ScrubberHost {
  onPlay(): void;
  /** The reader moved to here. */
  onScrub(position: number): void;
  /** The reader wants to see this phase. */
  onPhase(index: number): void;
}

const PLAY = { d: "M4 2.5v11l9-5.5z" };
const PAUSE = { d: "M4 2.5h3v11H4zM9 2.5h3v11H9z" };
const BACK = { d: "M10.5 3 5.5 8l5 5" };
const ON = { d: "M5.5 3l5 5-5 5" };

export class Scrubber {
  readonly element: HTMLElement;
  private readonly range: HTMLInputElement;
  private readonly list = h("ol", { class: "network-phases" });
  private readonly play: HTMLButtonElement;
  private readonly playText = h("span", {}, N.play);
  private readonly icons = {
    play: svg("0 0 16 16", { class: "icon" }, PLAY),
    pause: svg("0 0 16 16", { class: "icon" }, PAUSE),
  };
  private readonly steps: { back: HTMLButtonElement; on: HTMLButtonElement };
  private buttons: HTMLButtonElement[] = [];
  private phases: readonly PhaseId[] = [];
  private words: readonly PhaseWords[] = [];
  private index = -1;

  constructor(private readonly host: ScrubberHost) {
    this.play = h(
      "button",
      { type: "button", class: "network-play", title: N.playTitle },
      this.icons.play,
      this.playText,
    );
    this.play.addEventListener("click", () => host.onPlay());
    const arrow = (path: { d: string }, label: string, by: number): HTMLButtonElement => {
      const button = h(
        "button",
        { type: "button", class: "network-arrow", "aria-label": label, title: label },
        svg("0 0 16 16", { class: "icon line" }, path),
      );
      button.addEventListener("click", () => host.onPhase(this.index + by));
      return button;
    };
    this.steps = { back: arrow(BACK, N.previous, -1), on: arrow(ON, N.next, 1) };
    this.range = h("input", { type: "range", min: 0, step: 1, "aria-label": N.scrub });
    this.range.addEventListener("input", () => host.onScrub(Number(this.range.value) / TICKS));
    this.range.addEventListener("keydown", (event) => this.key(event));
    this.element = h(
      "div",
      { class: "network-scrub" },
      h("div", { class: "network-transport" }, this.play, this.steps.back, this.steps.on),
      h("div", { class: "network-track" }, this.list, this.range),
    );
  }

  /** Of another rule, which may have other phases. */
  setPhases(phases: readonly PhaseId[], words: readonly PhaseWords[]): void {
    this.words = words;
    if (phases.join() === this.phases.join()) return;
    this.phases = phases;
    this.index = -1;
    this.range.max = String(phases.length * TICKS);
    this.list.style.setProperty("--phases", String(phases.length));
    this.buttons = phases.map((_, i) => {
      const button = h(
        "button",
        { type: "button" },
        h("span", { class: "phase-number" }, String(i + 1)),
        h("span", { class: "phase-name" }, words[i]?.short ?? ""),
      );
      button.addEventListener("click", () => this.host.onPhase(i));
      return button;
    });
    this.list.replaceChildren(...this.buttons.map((button) => h("li", {}, button)));
  }

  /** `position` null: the step as a whole. */
  set(position: number | null, playing: boolean): void {
    setText(this.playText, playing ? N.pause : N.play);
    this.play.title = playing ? N.pauseTitle : N.playTitle;
    const icon = playing ? this.icons.pause : this.icons.play;
    if (this.play.firstChild !== icon)
      this.play.replaceChild(icon, this.play.firstChild ?? this.playText);
    const n = this.phases.length;
    const place = position === null ? null : placeOf(this.phases, position);
    this.index = place?.index ?? -1;
    this.steps.back.disabled = this.index <= 0;
    this.steps.on.disabled = this.index >= n - 1;
    const at = String(Math.round((position ?? 0) * TICKS));
    if (this.range.value !== at) this.range.value = at;
    this.buttons.forEach((button, i) => {
      if (i === this.index) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      const share = place === null || i > place.index ? 0 : i < place.index ? 1 : place.progress;
      button.style.setProperty("--done", share.toFixed(3));
    });
    const text =
      place === null
        ? N.liveText
        : N.scrubText(
            place.index + 1,
            n,
            this.words[place.index]?.title ?? "",
            String(Math.round(place.progress * 100)),
          );
    if (this.range.getAttribute("aria-valuetext") !== text)
      this.range.setAttribute("aria-valuetext", text);
  }

  focus(index: number): void {
    this.buttons[index]?.focus({ preventScroll: true });
  }

  /** Page keys go from phase to phase, which is what one wants of them here. */
  private key(event: KeyboardEvent): void {
    const by = event.key === "PageDown" ? -1 : event.key === "PageUp" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    this.host.onPhase(this.index + by);
  }
}
