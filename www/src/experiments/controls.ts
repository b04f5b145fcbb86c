/** The row that runs an experiment: run, start over, how many seeds and steps, how far it is. */
import { NumberField } from "../controls/number-field";
import { h, setText, svg } from "../dom";
import { count, duration } from "../format";
import { W } from "../messages/experiments";
import { MAX_SEEDS, MAX_STEPS } from "./address";
import type { Preset } from "./binding";
import type { Experiment, Plan } from "./experiment";

export interface ControlsHost {
  onRun(): void;
  onStartOver(): void;
  onPlan(plan: Plan): void;
}

const PLAY = { d: "M4 2.5v11l9-5.5z" };
const PAUSE = { d: "M4 2.5h3v11H4zM9 2.5h3v11H9z" };

export class Controls {
  readonly element: HTMLElement;
  private readonly run: HTMLButtonElement;
  private readonly text = h("span", {}, W.run);
  private readonly icons = {
    play: svg("0 0 16 16", { class: "icon" }, PLAY),
    pause: svg("0 0 16 16", { class: "icon" }, PAUSE),
  };
  private readonly over: HTMLButtonElement;
  private readonly seeds: HTMLSelectElement;
  private readonly steps: HTMLSelectElement;
  private readonly own: NumberField;
  private readonly ownHolder: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly status = h("p", { class: "experiment-status", role: "status" });
  private readonly estimate = h("p", { class: "experiment-estimate" });
  private readonly workers = h("p", { class: "experiment-estimate" });

  constructor(
    private readonly preset: Preset,
    private plan: Plan,
    private readonly host: ControlsHost,
  ) {
    this.run = h("button", { type: "button", class: "run" }, this.icons.play, this.text);
    this.run.addEventListener("click", () => host.onRun());
    this.over = h("button", { type: "button" }, W.startOver);
    this.over.addEventListener("click", () => host.onStartOver());
    const most = Math.min(preset.seeds, MAX_SEEDS);
    this.seeds = h(
      "select",
      { title: W.seedsHelp },
      ...Array.from({ length: most }, (_, i) => h("option", { value: i + 1 }, String(i + 1))),
    );
    this.seeds.addEventListener("change", () => this.set({ seeds: Number(this.seeds.value) }));
    this.steps = h(
      "select",
      { title: W.stepsHelp },
      h("option", { value: preset.quick_steps }, W.quick(count(preset.quick_steps))),
      h("option", { value: preset.steps }, W.full(count(preset.steps))),
      h("option", { value: "own" }, W.own),
    );
    this.steps.addEventListener("change", () => {
      this.ownHolder.hidden = this.steps.value !== "own";
      if (this.steps.value !== "own") this.set({ steps: Number(this.steps.value) });
      else this.own.input.focus();
    });
    this.own = new NumberField({
      name: W.ownSteps,
      min: 1,
      max: MAX_STEPS,
      integer: true,
      help: W.stepsHelp,
      onCommit: (steps) => this.set({ steps }),
    });
    this.ownHolder = h("span", { class: "own-steps" }, this.own.input, this.own.message);
    this.bar = h("progress", { max: 1, value: 0, "aria-label": W.progress });
    this.element = h(
      "div",
      { class: "experiment-controls" },
      h(
        "div",
        { class: "experiment-row" },
        this.run,
        this.over,
        h("label", {}, h("span", {}, W.seeds), this.seeds),
        h("label", {}, h("span", {}, W.steps), this.steps),
        this.ownHolder,
      ),
      h("div", { class: "experiment-progress" }, this.bar, this.status),
      this.estimate,
      this.workers,
    );
    this.show();
  }

  update(experiment: Experiment, loading: boolean): void {
    const { phase, runs } = experiment;
    const active = phase === "running";
    const label = { ready: W.run, running: W.pause, paused: W.resume, finished: W.again }[phase];
    setText(this.text, loading ? W.loading : label);
    this.run.disabled = loading;
    const icon = active ? this.icons.pause : this.icons.play;
    if (this.run.firstChild !== icon) this.run.replaceChild(icon, this.run.firstChild ?? this.text);
    this.run.classList.toggle("active", active);
    this.over.hidden = phase === "ready" || phase === "finished";
    // How much of the data is there is not known; a bar without a value says that something is under way.
    if (loading) this.bar.removeAttribute("value");
    else this.bar.value = experiment.progress();
    this.bar.hidden = phase === "ready";
    setText(this.status, this.statusText(experiment));
    setText(this.estimate, this.estimateText(experiment));
    const width = experiment.width;
    setText(
      this.workers,
      runs.length === 0 || phase === "finished"
        ? ""
        : experiment.local
          ? W.local
          : W.workers(Math.max(1, width)),
    );
  }

  private statusText(experiment: Experiment): string {
    const { phase, runs } = experiment;
    if (phase === "ready") return "";
    const ended = runs.filter((run) => run.state === "done" || run.state === "stopped").length;
    const stopped = runs.filter((run) => run.state === "stopped").length;
    const tail = stopped > 0 ? ` ${W.status.someStopped(count(stopped))}` : "";
    if (phase === "finished") {
      return W.status.finished(count(runs.length), duration(experiment.elapsedMs())) + tail;
    }
    const left = experiment.remainingMs();
    const time =
      phase === "paused"
        ? W.status.paused
        : left === null
          ? W.status.measuring
          : W.status.left(duration(Math.max(1000, left)));
    return `${W.status.running(count(ended), count(runs.length))}, ${time}.${tail}`;
  }

  private estimateText(experiment: Experiment): string {
    const { plan } = this;
    const now = experiment.plan;
    const same = now !== null && now.seeds === plan.seeds && now.steps === plan.steps;
    if (same) return "";
    const time = experiment.forecast(plan);
    const arms = this.preset.arms.length;
    const about =
      time === null
        ? W.noEstimate(count(arms * plan.seeds), count(plan.steps))
        : W.estimate(duration(Math.max(1000, time)), Math.max(1, experiment.width));
    return now === null ? about : `${W.needsStart} ${about}`;
  }

  private set(change: Partial<Plan>): void {
    this.plan = { ...this.plan, ...change };
    this.host.onPlan(this.plan);
  }

  private show(): void {
    this.seeds.value = String(this.plan.seeds);
    const { steps } = this.plan;
    const listed = steps === this.preset.quick_steps || steps === this.preset.steps;
    this.steps.value = listed ? String(steps) : "own";
    this.ownHolder.hidden = listed;
    this.own.set(steps);
  }
}
