/** From the text to the picture: below each step of the article a button that shows it in the diagram. */
import { type PhaseId, stepAnchor } from "../charts/network/phases";
import { h } from "../dom";
import { rulesFollowing } from "../figures/network";
import { NETWORK as N } from "../messages/network";
import type { Store } from "../store";

export interface StepHost {
  readonly store: Store;
  showStep(step: PhaseId): void;
}

const STEPS: readonly PhaseId[] = ["clean", "noisy", "correlate", "feedback", "update"];

/** The steps are found by their ids in the page's own text, where there is room for each. */
export function linkSteps(doc: Document, host: StepHost): void {
  for (const step of STEPS) {
    const place = doc.getElementById(stepAnchor(step));
    const title = place?.querySelector("h3")?.textContent ?? "";
    place?.querySelector(".step-link")?.replaceChildren(...stepLink(step, title, host));
  }
}

/** Where no rule of the run does that step, a sentence stands instead. */
function stepLink(step: PhaseId, title: string, host: StepHost): HTMLElement[] {
  const { store } = host;
  const name = N.links.showName(title);
  const button = h("button", { type: "button", "aria-label": name }, N.links.show);
  button.addEventListener("click", () => host.showStep(step));
  const none = h("span", {}, N.links.none);
  const refresh = (): void => {
    const able = rulesFollowing(store, step).length > 0;
    button.hidden = !able || store.digits === null;
    none.hidden = able;
  };
  store.on("config", refresh);
  store.on("digits", refresh);
  refresh();
  return [button, none];
}
