/** Event details: plain data of their own, so that no listener can reach into the instrument. */
import type { Metrics } from "../engine/protocol";
import type { CreditLabMetricsDetail, CreditLabStepDetail } from "./api";

export const stepDetail = (
  iteration: number,
  iterationsPerSecond: number | null,
): CreditLabStepDetail => ({ iteration, iterationsPerSecond });

export const metricsDetail = (rule: string, m: Metrics): CreditLabMetricsDetail => ({
  rule,
  step: m.step,
  train_loss: m.train_loss,
  test_loss: m.test_loss,
  train_accuracy: m.train_accuracy,
  test_accuracy: m.test_accuracy,
  layers: m.layers.map(({ name, angle, relative_error, sign_agreement }) => ({
    name,
    angle,
    relative_error,
    sign_agreement,
  })),
});
