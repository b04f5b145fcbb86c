/**
 * The frame: one `<credit-lab>` that fills the page, configured by the address as the element is by its
 * attributes, and commanded by the embedding page. Who may do what: README, "Embed it".
 */
import { h } from "./dom";
import type { CreditLabElement, CreditLabErrorDetail } from "./element/api";
import { defineCreditLab } from "./element/element";
import { type Command, PREFIX, readCommand } from "./element/messages";
import { readOrigin, trustedOrigin } from "./element/origin";
import { keepForOffline } from "./offline/register";

const here = new URL(".", document.baseURI);
defineCreditLab(here, here);
keepForOffline(here);

const address = location.search.length > 1 ? location.search : location.hash;
const asked = new URLSearchParams(address.slice(1));
const trusted = trustedOrigin(readOrigin(asked.get("parent")), location.origin, parentIsOwn());

const lab = h("credit-lab" as "div", { params: address.slice(1) }) as unknown as CreditLabElement;
const theme = asked.get("theme");
// The page behind the figure has to have its colours, too.
if (theme === "light" || theme === "dark") {
  document.documentElement.dataset.theme = theme;
  lab.setAttribute("theme", theme);
}

/** Said to anybody: that there is a figure, and how tall it is. */
function announce(type: string, detail: object): void {
  if (window.parent === window) return;
  window.parent.postMessage({ type: `${PREFIX}${type}`, ...detail }, trusted ?? "*");
}

/** Said only to an origin that the address names, or to our own. */
function confide(type: string, detail: object): void {
  if (trusted !== null) announce(type, detail);
}

lab.addEventListener("ready", () => announce("ready", {}));
lab.addEventListener("state", (event) => confide("state", { status: event.detail }));
lab.addEventListener("metrics", (event) => confide("metrics", { metrics: event.detail }));
lab.addEventListener("finished", (event) => confide("finished", { ...event.detail }));
lab.addEventListener("error", (event) => {
  const { code, message, rule }: CreditLabErrorDetail = event.detail;
  confide("error", { code, message, ...(rule !== undefined && { rule }) });
});

window.addEventListener("message", (event) => {
  if (trusted === null || event.source !== window.parent || window.parent === window) return;
  if (event.origin !== trusted) return;
  const command = readCommand(event.data);
  if (command !== null) obey(command);
});

function obey(command: Command): void {
  switch (command.type) {
    case "run":
      lab.run();
      break;
    case "pause":
      lab.pause();
      break;
    case "reset":
      lab.reset();
      break;
    case "step":
      lab.step(command.n);
      break;
    case "state":
      confide("state", { status: lab.status });
      break;
    case "set":
      for (const [name, value] of command.attributes) {
        if (value === null) lab.removeAttribute(name);
        else lab.setAttribute(name, value);
      }
  }
}

/** Reading another origin's location throws; that is the question. */
function parentIsOwn(): boolean {
  try {
    return window.parent.location.origin === location.origin;
  } catch {
    return false;
  }
}

let height = 0;
new ResizeObserver(() => {
  const now = Math.ceil(document.body.getBoundingClientRect().height);
  if (now === height) return;
  height = now;
  announce("resize", { height });
}).observe(document.body);

document.querySelector("[data-embed]")?.replaceChildren(lab);
