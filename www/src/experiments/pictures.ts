/** Figure 3's pictures: the code of two units and eight reconstructions, every method side by side. */
import type { Chart, ChartHost } from "../charts/chart";
import { ImageGrid } from "../charts/image-grid";
import { Scatter } from "../charts/scatter";
import { h, setText } from "../dom";
import { count } from "../format";
import { W } from "../messages/experiments";
import type { DataParts, Preset } from "./binding";
import type { Experiment } from "./experiment";
import type { PictureRequest } from "./jobs";
import type { ArmPalette, ArmStyle } from "./style";

/** Test samples on the plane: enough to see clusters. */
const LATENT = 500;
const PICTURES = 8;

/** A figure (not a table) of autoencoders with a code that can be drawn. */
export function hasPictures({ arms, table }: Preset): boolean {
  const drawn = ({ config }: Preset["arms"][number]): boolean =>
    config.task === "autoencoder" && Math.min(...config.sizes) === 2;
  return table === null && arms.every(drawn);
}

/** The first digit of each of the first classes, as the command line chooses. */
export function request(preset: Preset, parts: DataParts): PictureRequest | null {
  if (!hasPictures(preset)) return null;
  const samples: number[] = [];
  for (let label = 0; label < PICTURES; label++) {
    const found = parts.testLabels.indexOf(label);
    if (found >= 0) samples.push(found);
  }
  return { latent: Math.min(LATENT, parts.testLabels.length), samples };
}

export class PicturePanels {
  readonly element = h("div", { class: "experiment-pictures" });
  private readonly scatter: Scatter;
  private readonly grid: ImageGrid;
  private readonly labels: HTMLElement;
  /** What is drawn; drawing thousands of marks again for nothing would be felt. */
  private drawn = "";

  constructor(
    private readonly host: ChartHost & { readonly palette: ArmPalette },
    private readonly styles: readonly ArmStyle[],
    lettered: boolean,
  ) {
    const letter = (text: string): HTMLElement | null =>
      lettered ? h("span", { class: "letter" }, text) : null;
    this.scatter = new Scatter(host);
    this.grid = new ImageGrid(host);
    this.labels = h("figcaption", {}, W.pictures.waiting);
    this.element.append(
      h(
        "figure",
        { class: "figure", "data-pictures": "latent" },
        h("h4", {}, letter("B"), W.pictures.latent),
        this.scatter.element,
        this.labels,
      ),
      h(
        "figure",
        { class: "figure", "data-pictures": "samples" },
        h("h4", {}, letter("C"), W.pictures.samples),
        this.grid.element,
        h("figcaption", {}, W.pictures.samplesCaption),
      ),
    );
    for (const chart of this.charts()) chart.image.setAttribute("aria-label", W.pictures.waiting);
  }

  charts(): readonly Chart[] {
    return [this.scatter, this.grid];
  }

  update(experiment: Experiment, hidden: ReadonlySet<string>): void {
    const { parts } = experiment;
    const wanted = experiment.runs[0]?.job.pictures ?? null;
    if (parts === null || wanted === null) {
      this.drawn = "";
      return;
    }
    const steps = this.styles.map(({ id }) =>
      hidden.has(id) ? "" : `${id} ${experiment.of(id)[0]?.pictures?.step}`,
    );
    const shows = [parts.name, experiment.runs[0]?.job.steps, ...steps].join();
    if (shows === this.drawn) return;
    this.drawn = shows;
    const [rows, cols, channels] = parts.shape;
    const size = rows * cols * channels;
    const shown = this.styles.filter((style) => !hidden.has(style.id));
    const of = (style: ArmStyle) => experiment.of(style.id)[0]?.pictures ?? null;
    const image = (i: number): Uint8Array => parts.testImages.subarray(i * size, (i + 1) * size);
    const shape = { rows, cols, channels };
    this.scatter.set({
      labels: parts.testLabels,
      panels: shown.map((rule) => ({ rule, points: of(rule)?.latent ?? null, width: 2 })),
      inspect: (_, index) => ({ ...shape, original: image(index), output: Promise.resolve(null) }),
    });
    this.grid.set({
      ...shape,
      samples: wanted.samples.map((i) => ({ label: parts.testLabels[i] ?? 0, pixels: image(i) })),
      rules: shown.map((rule) => {
        const outputs = of(rule)?.outputs ?? null;
        const width = (outputs?.length ?? 0) / wanted.samples.length;
        const cells =
          outputs === null
            ? null
            : wanted.samples.map((_, i) => outputs.subarray(i * width, (i + 1) * width));
        return { rule, cells };
      }),
    });
    setText(this.labels, W.pictures.latentCaption(count(wanted.latent)));
    // After the charts have built their labels: swatches take the arms' colours.
    this.host.queue.mark(this.colours);
  }

  /** For screen readers; called at a calm pace. */
  words(): void {
    this.scatter.image.setAttribute(
      "aria-label",
      `${W.pictures.latent}. ${this.scatter.summary()}`,
    );
    this.grid.image.setAttribute("aria-label", `${W.pictures.samples}. ${this.grid.summary()}`);
  }

  restyle(): void {
    for (const chart of this.charts()) chart.restyle();
    this.host.queue.mark(this.colours);
  }

  destroy(): void {
    for (const chart of this.charts()) chart.destroy();
    this.host.queue.drop(this.colours);
  }

  private readonly colours = {
    draw: (): void => {
      for (const swatch of this.element.querySelectorAll<HTMLElement>(".swatch[data-rule]")) {
        swatch.style.setProperty("--accent", this.host.palette.rule(swatch.dataset.rule ?? ""));
      }
    },
  };
}
