/** The figures of the instrument. */
import { taskOf } from "../config";
import type { Store } from "../store";
import { confusion } from "./confusion";
import { cost } from "./cost";
import { dials } from "./dials";
import { drawAutoencoder, drawClassifier } from "./draw";
import { estimates } from "./estimates";
import { angle, error, loss, relative, sign } from "./lines";
import { matrices } from "./matrices";
import { network } from "./network";
import { images, latent, scores } from "./pictures";
import type { Figure } from "./spec";

/** In reading order. */
export const FIGURES: readonly Figure[] = [
  network,
  loss,
  images,
  error,
  latent,
  scores,
  confusion,
  drawAutoencoder,
  drawClassifier,
  angle,
  relative,
  sign,
  dials,
  matrices,
  estimates,
  cost,
];

export function figuresFor(store: Store): readonly Figure[] {
  return FIGURES.filter((figure) => figure.tasks.includes(taskOf(store.built)));
}
