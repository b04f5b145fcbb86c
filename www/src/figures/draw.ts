/** The drawing pad and what every running rule makes of the drawing, asked again while they learn. */
import { type Answer, DrawChart, type GivenDigit } from "../charts/draw";
import { SIDE } from "../charts/draw-ink";
import { settingOf } from "../config";
import { Latest } from "../latest";
import { DRAW } from "../messages/draw";
import type { Digits, Store, Task } from "../store";
import { type Figure, type FigureHost, rulesShown } from "./spec";

/** Pause between two answers to the same drawing while the rules learn, in ms. */
const REFRESH_MS = 400;
/** The digit that stands there at first: one that tells good codes from bad ones. */
const FIRST = 2;

function drawFigure(task: Task): Figure {
  return {
    id: "draw",
    title: DRAW.title,
    tasks: [task],
    area: "full",
    options: [],
    // The maps of the autoencoders are drawn behind the drawing's own place.
    needs: task === "autoencoder" ? "latent" : null,
    topics: ["history", "status", "latent", "config", "digits"],
    caption: () => DRAW.caption[task],
    mount: (host) => {
      const view = new DrawView(host, task);
      return { chart: view.chart, update: (store) => view.update(store) };
    },
  };
}

export const drawAutoencoder = drawFigure("autoencoder");
export const drawClassifier = drawFigure("classifier");

class DrawView {
  readonly chart: DrawChart;
  private store: Store | null = null;
  private picture: Float32Array | null = null;
  private answers: ReadonlyMap<string, Answer> = new Map();
  private shown: readonly unknown[] = [];
  private asked = "";
  private askedAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private taken = FIRST;
  /** The digits of which one was put on the pad unasked. */
  private offered: Digits | null = null;
  private readonly asker: Latest<Float32Array, ReadonlyMap<string, Answer>>;

  constructor(
    private readonly host: FigureHost,
    private readonly task: Task,
  ) {
    this.asker = new Latest(
      (picture) => this.respond(picture),
      (answers) => {
        // Cleared meanwhile, or nobody could answer: what is there stays until somebody can.
        if (this.picture === null) return;
        if (answers.size === 0) {
          this.asked = "";
          return;
        }
        this.answers = answers;
        this.show();
      },
    );
    this.chart = new DrawChart(host, {
      onImage: (picture) => {
        this.picture = picture;
        if (picture === null) this.answers = new Map();
        else this.ask(picture);
        this.show();
      },
      testDigit: () => this.testDigit(),
      onDestroy: () => {
        this.asker.stop();
        if (this.timer !== null) clearTimeout(this.timer);
      },
    });
  }

  update(store: Store): void {
    this.store = store;
    this.show();
    this.offer();
    this.refresh();
  }

  /** An empty pad shows little: until the reader draws, one of the test digits stands there. */
  private offer(): void {
    const digits = this.store?.digits ?? null;
    if (digits === null || digits === this.offered || !fits(digits) || !this.chart.invites) return;
    this.offered = digits;
    const digit = this.testDigit();
    if (digit !== null) this.chart.offer(digit);
  }

  private show(): void {
    const { store } = this;
    const digits = store?.digits ?? null;
    if (store === null || digits === null) return;
    const rules = rulesShown(store);
    const parts = [this.answers, digits, ...rules, ...rules.map(({ id }) => store.latents.get(id))];
    // Ten times a second something is told; mostly it is nothing that is drawn here.
    if (parts.length === this.shown.length && parts.every((part, i) => part === this.shown[i]))
      return;
    this.shown = parts;
    this.chart.set({
      task: this.task,
      rules,
      answers: this.answers,
      clouds: new Map(
        [...store.latents].map(([rule, { values, count }]) => [
          rule,
          { points: values, width: values.length / Math.max(1, count) },
        ]),
      ),
      labels: digits.labels,
      blocked: fits(digits) ? null : DRAW.otherShape(digits.rows, digits.cols, digits.channels > 1),
    });
  }

  /** Asks again when the networks have changed, calmly. */
  private refresh(): void {
    const { store, picture } = this;
    if (store === null || picture === null || this.stamp(store) === this.asked) return;
    const wait = this.askedAt + REFRESH_MS - performance.now();
    if (wait <= 0) {
      this.ask(picture);
      return;
    }
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.refresh();
    }, wait);
  }

  private ask(picture: Float32Array): void {
    if (this.store === null) return;
    this.asked = this.stamp(this.store);
    this.askedAt = performance.now();
    this.asker.ask(picture);
  }

  private stamp(store: Store): string {
    const lanes = store.status.lanes.map(({ rule, step }) => `${rule} ${step}`);
    const first = store.history.latest(store.status.lanes[0]?.rule ?? "");
    return `${lanes.join()}/${first?.step}/${first?.train_loss}`;
  }

  private async respond(picture: Float32Array): Promise<ReadonlyMap<string, Answer>> {
    const { store } = this;
    if (store === null) return new Map();
    const hidden = settingOf(store.built, "hidden");
    const narrow = hidden.indexOf(Math.min(...hidden));
    const found = await Promise.all(
      rulesShown(store).map(async ({ id }) => {
        const layers = await this.host.ask(id, (run) => run.respond(picture));
        return { id, output: layers?.at(-1), code: layers?.[narrow] };
      }),
    );
    const answers = new Map<string, Answer>();
    for (const { id, output, code } of found)
      if (output !== undefined && code !== undefined) answers.set(id, { output, code });
    return answers;
  }

  /** Test digits in turn, one class after another. */
  private testDigit(): GivenDigit | null {
    const digits = this.store?.digits ?? null;
    if (digits === null) return null;
    const ten = digits.samples(Math.floor(this.taken / 10));
    const index = ten[this.taken % Math.max(1, ten.length)];
    this.taken++;
    return index === undefined ? null : { pixels: digits.image(index), label: digits.label(index) };
  }
}

/** The pad takes digits as MNIST has them. */
function fits({ rows, cols, channels }: Digits): boolean {
  return rows === SIDE && cols === SIDE && channels === 1;
}
