/** The bar that is always in sight: run, step, reset, speed, and where the run stands. */
import { BUDGET_MAX_MS, SETTINGS } from "../config";
import { h, setText, svg } from "../dom";
import { count, duration, value } from "../format";
import { M } from "../messages";
import type { EngineStatus } from "../store";

export interface TransportHost {
  onRun(): void;
  onStep(n: number): void;
  onReset(): void;
  onBudget(ms: number): void;
}

const PLAY = { d: "M4 2.5v11l9-5.5z" };
const PAUSE = { d: "M4 2.5h3v11H4zM9 2.5h3v11H9z" };

export class Transport {
  readonly element: HTMLElement;
  private readonly run: HTMLButtonElement;
  private readonly runText = h("span", {}, M.transport.run);
  private readonly icons = {
    play: svg("0 0 16 16", { class: "icon" }, PLAY),
    pause: svg("0 0 16 16", { class: "icon" }, PAUSE),
  };
  private readonly buttons: HTMLButtonElement[];
  private readonly numbers: Record<"iteration" | "speed" | "time" | "eta", HTMLElement>;
  private readonly speed: HTMLInputElement;
  private readonly speedText = h("output", { class: "speed-text" });

  /** `parts`: what stands between the run's numbers and its speed. */
  constructor(host: TransportHost, parts: readonly HTMLElement[]) {
    const t = M.transport;
    this.run = h(
      "button",
      { type: "button", class: "run", title: t.runTitle },
      this.icons.play,
      this.runText,
    );
    this.run.addEventListener("click", () => host.onRun());
    const step = h(
      "button",
      { type: "button", title: t.stepTitle, "data-control": "step" },
      t.step,
    );
    step.addEventListener("click", () => host.onStep(1));
    const thousand = h(
      "button",
      { type: "button", title: t.thousandTitle, "data-control": "step" },
      t.thousand,
    );
    thousand.addEventListener("click", () => host.onStep(1000));
    const reset = h(
      "button",
      { type: "button", title: t.resetTitle, "data-control": "reset" },
      t.reset,
    );
    reset.addEventListener("click", () => host.onReset());
    this.buttons = [step, thousand, reset];
    const number = (): HTMLElement => h("dd", {}, M.status.none);
    this.numbers = { iteration: number(), speed: number(), time: number(), eta: number() };
    this.speed = h("input", {
      type: "range",
      min: SETTINGS.budget.min,
      max: BUDGET_MAX_MS,
      step: 1,
      title: M.speed.label,
      "aria-label": M.speed.label,
    });
    this.speed.addEventListener("input", () => host.onBudget(Number(this.speed.value)));
    this.element = h(
      "div",
      { class: "transport" },
      h(
        "div",
        { class: "buttons", role: "group", "aria-label": t.label },
        this.run,
        ...this.buttons,
      ),
      this.statusList(),
      ...parts,
      h(
        "label",
        { class: "speed", "data-control": "speed" },
        h("span", {}, M.speed.label),
        this.speed,
        this.speedText,
      ),
    );
  }

  set(status: EngineStatus, armed: boolean): void {
    const active = status.phase === "running" || status.phase === "stepping";
    const t = M.transport;
    const label = active ? t.pause : status.iteration > 0 ? t.resume : t.run;
    setText(this.runText, armed ? t.waiting : label);
    const icon = active ? this.icons.pause : this.icons.play;
    if (this.run.firstChild !== icon)
      this.run.replaceChild(icon, this.run.firstChild ?? this.runText);
    this.run.classList.toggle("active", active);
    for (const button of this.buttons) button.disabled = status.phase === "empty";
    const n = this.numbers;
    setText(n.iteration, count(status.iteration));
    // After a pause the last reading stays: it is what one wants to compare.
    if (status.perSecond !== null) setText(n.speed, rate(status.perSecond));
    else if (status.iteration === 0) setText(n.speed, M.status.none);
    setText(n.time, duration(status.elapsedMs));
    setText(n.eta, status.etaMs === null ? M.status.none : duration(status.etaMs));
  }

  setBudget(ms: number): void {
    this.speed.value = String(ms);
    const full = ms >= BUDGET_MAX_MS;
    setText(this.speedText, full ? M.speed.max : M.speed.value(String(ms)));
    this.speed.setAttribute("aria-valuetext", full ? M.speed.maxValue : M.speed.value(String(ms)));
  }

  private statusList(): HTMLElement {
    const n = this.numbers;
    const entries = [
      [M.status.iteration, n.iteration],
      [M.status.speed, n.speed],
      [M.status.time, n.time],
      [M.status.eta, n.eta],
    ] as const;
    return h(
      "dl",
      { class: "status", "aria-label": M.status.label },
      ...entries.map(([name, element]) => h("div", {}, h("dt", {}, name), element)),
    );
  }
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? count(perSecond) : value(perSecond);
}
