/** The equations of a phase, as the article below the simulator writes them. */
import type { RuleInfo, RunConfig } from "../../engine/protocol";
import {
  equation,
  frac,
  hair,
  hat,
  paren,
  power,
  prime,
  row,
  size,
  sub,
  subsup,
  sup,
  thin,
  tilde,
  upright,
} from "../../mathml";
import type { PhaseId } from "./phases";

const l = (): Element => row("l");
const below = (): Element => row("l", "−", "1");
const above = (): Element => row("l", "+", "1");
const T = (): Element => upright("⊤");
const W = (): Element => sup("W", l());
const eta = (which: string): Element => sub("η", which);
const out = (): Element => upright("out");

/** e from above, or from the output for direct rules. */
const e = (direct: boolean): Element => sup("e", direct ? out() : above());
const B = (): Element => sup("B", above());
const sumOf = (a: Element, b: Element): Element => row("∑", a, power(T(), b));

export function equationsOf(
  phase: PhaseId,
  rule: Pick<RuleInfo, "id" | "direct" | "perturbs">,
  config: Pick<RunConfig, "feedback" | "optimizer" | "loss">,
): Element[] {
  switch (phase) {
    case "clean":
      return [
        equation(
          "h^l = sigma(W^l h^(l-1) + b^l)",
          sup("h", l()),
          "=",
          "σ",
          paren(W(), hair(), sup("h", below()), "+", sup("b", l())),
        ),
      ];
    case "noisy":
      return [
        equation(
          "h~^l = sigma(W^l h~^(l-1) + b^l) + c_h xi^l",
          sup(tilde("h"), l()),
          "=",
          "σ",
          paren(W(), hair(), sup(tilde("h"), below()), "+", sup("b", l())),
          "+",
          sub("c", "h"),
          hair(),
          sup("ξ", l()),
        ),
      ];
    case "loss":
      return lossEquations(rule, config);
    case "correlate":
      return [
        equation(
          "lambda-hat^l = (L~ - L) xi^l / c_h",
          sup(hat("λ"), l()),
          "=",
          paren(tilde("L"), "−", "L"),
          thin(),
          frac(sup("ξ", l()), sub("c", "h")),
        ),
      ];
    case "feedback":
      return feedbackEquations(rule);
    case "mirror":
      return [
        equation(
          "y = sigma(W^(l+1) c_h xi^l + b^(l+1))",
          "y",
          "=",
          "σ",
          paren(
            sup("W", above()),
            hair(),
            sub("c", "h"),
            hair(),
            sup("ξ", l()),
            "+",
            sup("b", above()),
          ),
        ),
        equation(
          "B^(l+1) becomes (1 - eta_B) B^(l+1) + eta_B / (N c_h) sum y (xi^l)^T",
          B(),
          "←",
          paren("1", "−", eta("B")),
          B(),
          "+",
          frac(eta("B"), row("N", sub("c", "h"))),
          thin(),
          sumOf(row("y"), sup("ξ", l())),
        ),
      ];
    default:
      return updateEquations(rule, config);
  }
}

function lossEquations(
  rule: Pick<RuleInfo, "perturbs">,
  config: Pick<RunConfig, "loss">,
): Element[] {
  const y = (): Element => hat("y");
  const loss =
    config.loss === "cross_entropy"
      ? equation("L = - sum y log y-hat", "L", "=", "−", "∑", "y", upright("log"), y())
      : equation(
          "L = 1/2 sum (y-hat - y)^2",
          "L",
          "=",
          frac("1", "2"),
          thin(),
          "∑",
          power("2", y(), "−", "y"),
        );
  if (rule.perturbs !== true) return [loss];
  return [
    loss,
    equation("Delta L = L(h~) - L(h) = L~ - L", row(upright("Δ"), "L"), "=", tilde("L"), "−", "L"),
  ];
}

function feedbackEquations(rule: Pick<RuleInfo, "id" | "direct">): Element[] {
  const matrix = rule.id === "bp" ? sup("W", above()) : B();
  const name = rule.id === "bp" ? "W" : "B";
  const from = rule.direct ? "e^out" : "e^(l+1)";
  return [
    equation(
      `lambda^l = (${name}^(l+1))^T ${from}`,
      sup("λ", l()),
      "=",
      power(T(), matrix),
      e(rule.direct),
    ),
    equation(
      "e^l = lambda^l times sigma'(z^l)",
      sup("e", l()),
      "=",
      sup("λ", l()),
      "∘",
      prime("σ"),
      paren(sup("z", l())),
    ),
  ];
}

function updateEquations(
  rule: Pick<RuleInfo, "id" | "direct">,
  config: Pick<RunConfig, "feedback" | "optimizer">,
): Element[] {
  const adam = config.optimizer === "adam" && rule.id !== "matched";
  const increment = (): Element => sumOf(sup("e", l()), sup("h", below()));
  const keep = (): Element => paren("1", "−", "κ");
  const forward = adam
    ? equation(
        "W^l becomes Adam(sum e^l (h^(l-1))^T)",
        W(),
        "←",
        upright("Adam"),
        paren(increment()),
      )
    : equation(
        "W^l becomes W^l - eta_W sum e^l (h^(l-1))^T",
        W(),
        "←",
        ...(rule.id === "matched" ? [keep()] : []),
        W(),
        "−",
        eta("W"),
        thin(),
        increment(),
      );
  const learned = feedbackUpdate(rule, config);
  return learned === null ? [forward] : [...learned, forward];
}

function feedbackUpdate(
  rule: Pick<RuleInfo, "id" | "direct">,
  config: Pick<RunConfig, "feedback">,
): Element[] | null {
  const target =
    rule.id === "np" || rule.id === "np-dfa"
      ? { text: "lambda-hat^l", element: (): Element => sup(hat("λ"), l()) }
      : rule.id === "sg" || rule.id === "sg-dfa"
        ? {
            text: "true lambda^l",
            element: (): Element => subsup("λ", upright("true"), l()),
          }
        : null;
  if (rule.id === "sign")
    return [
      equation(
        "B^l = |M^l| times sign(W^l)",
        sup("B", l()),
        "=",
        size(sup("M", l())),
        "∘",
        upright("sign"),
        paren(W()),
      ),
    ];
  if (rule.id === "matched")
    return [
      equation(
        "B^l becomes (1 - kappa) B^l - eta_W sum e^l (h^(l-1))^T",
        sup("B", l()),
        "←",
        paren("1", "−", "κ"),
        sup("B", l()),
        "−",
        eta("W"),
        thin(),
        sumOf(sup("e", l()), sup("h", below())),
      ),
    ];
  if (target === null) return null;
  const from = rule.direct ? "e^out" : "e^(l+1)";
  if (config.feedback === "ridge")
    return [
      equation(
        `(B^(l+1))^T = S V^-1, S = sum of ${target.text} (${from})^T, V = gamma I + sum of ${from} (${from})^T`,
        power(T(), B()),
        "=",
        sumOf(target.element(), e(rule.direct)),
        thin(),
        power(row("−", "1"), "γ", "I", "+", sumOf(e(rule.direct), e(rule.direct))),
      ),
    ];
  return [
    equation(
      `delta^l = lambda^l - ${target.text}`,
      sup("δ", l()),
      "=",
      sup("λ", l()),
      "−",
      target.element(),
    ),
    equation(
      `B^(l+1) becomes B^(l+1) - eta_B sum ${from} (delta^l)^T`,
      B(),
      "←",
      B(),
      "−",
      eta("B"),
      thin(),
      sumOf(e(rule.direct), sup("δ", l())),
    ),
  ];
}
