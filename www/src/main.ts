/** The page: finds its places in index.html, loads the core, starts one instrument, keeps the address. */

import { Shelf } from "./data/shelf";
import { CoreLoadError } from "./engine/core";
import type { Core } from "./engine/protocol";
import { writeAddress } from "./experiments/address";
import { ExperimentsSection } from "./experiments/section";
import { M } from "./messages";
import { keepForOffline } from "./offline/register";
import { Lab } from "./views/lab";
import { Notices } from "./views/notices";
import { Loading } from "./views/progress";
import { rulesTable } from "./views/rules-table";
import { pageShared, type Shared } from "./views/shared";
import { linkSteps } from "./views/step-links";
import { themeSwitch } from "./views/theme";

/** Pause between two changes of the address, in ms: browsers refuse more than 100 in 30 s. */
const ADDRESS_MS = 400;

async function main(): Promise<void> {
  linksWithin(document);
  const roots = [...document.querySelectorAll<HTMLElement>("[data-lab]")];
  const theme = themeSwitch(document.documentElement, pageParam("theme"));
  document.querySelector("[data-theme-switch]")?.append(theme);
  let shared: Shared;
  try {
    const loading = roots.map((root) => {
      const line = new Loading();
      root.replaceChildren(line.element);
      return line;
    });
    shared = await pageShared(new URL(".", document.baseURI), (progress) => {
      for (const line of loading) line.show(progress);
    });
  } catch (thrown) {
    for (const root of roots) explain(root, thrown);
    return;
  }
  const { core } = shared;
  document.querySelector("[data-rules-table]")?.replaceChildren(rulesTable(core.rules()));
  let experiments: ExperimentsSection | null = null;
  const compare = (): void => experiments?.compare();
  const labs = roots.map((root, i) => ({ root, lab: mount(root, shared, i === 0, compare) }));
  const [first] = labs;
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const inside = labs.find(({ root }) => target instanceof Node && root.contains(target));
    (inside ?? first)?.lab.handleKey(event);
  });
  if (first !== undefined) linkSteps(document, first.lab);
  const section = document.querySelector<HTMLElement>("[data-experiments]");
  if (section !== null && first !== undefined) {
    experiments = mountExperiments(section, core, first.lab);
  }
  await Promise.all(labs.map(({ lab }) => lab.start()));
  keepForOffline(new URL(".", document.baseURI));
}

/** The paper's experiments run on the data of the first instrument, where it fits. */
function mountExperiments(root: HTMLElement, core: Core, lab: Lab): ExperimentsSection {
  return new ExperimentsSection(root, {
    core,
    lab: {
      current: () => lab.store.digits?.data ?? null,
      settings: () => lab.store.config,
      rules: lab.store.rules,
      configFor: (config, rule) => lab.configFor(config, rule),
      onChange: (listener) => void lab.store.on("digits", listener),
    },
    sample: new URL("data/mnist-10k.bin", new URL(".", document.baseURI)),
    param: pageParam,
    onAddress: (wanted) =>
      history.replaceState(
        null,
        "",
        `${writeAddress(location.search, wanted) || location.pathname}${location.hash}`,
      ),
  });
}

/** The first instrument of a page owns its address; any other is configured by its `data-lab`. */
function mount(root: HTMLElement, shared: Shared, owner: boolean, compare: () => void): Lab {
  const data = owner ? pageParam("data") : null;
  // Digits asked for by the link belong to it, whatever else changes.
  const suffix = data === null ? "" : `&data=${encodeURIComponent(data)}`;
  const write = addressWriter();
  const lab = new Lab(root, {
    shared,
    params: owner ? addressParams() : (root.dataset.lab ?? ""),
    dataUrl: data,
    lede: owner ? document.querySelector<HTMLElement>("[data-lede]") : null,
    ...(owner && { shelf: new Shelf(), onCompare: compare }),
    onParams: (params) => owner && write(params + suffix),
    link: (params) => new URL(`#${params}${suffix}`, location.href.split(/[?#]/)[0]).href,
  });
  if (owner) window.addEventListener("hashchange", () => lab.setParams(addressParams()));
  return lab;
}

/** Smooth scrolls end sooner, even on a busy machine. */
const LONGEST_SCROLL_MS = 5000;

/** Links within the page lead there without the address: what follows # in it are the run's settings. */
function linksWithin(doc: Document): void {
  doc.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const link = target?.closest<HTMLAnchorElement>('a[href^="#"]');
    const place = link == null ? null : doc.getElementById(link.hash.slice(1));
    if (place === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
    leadTo(place);
  });
}

/** Scrolls there. What has grown on the way, figures that were still loading, is made up for at the end, unless the reader took over. */
function leadTo(place: HTMLElement): void {
  const over = new AbortController();
  const { signal } = over;
  for (const taken of ["wheel", "touchstart", "pointerdown", "keydown"])
    addEventListener(taken, () => over.abort(), { signal, passive: true });
  const arrived = () => {
    over.abort();
    place.scrollIntoView({ behavior: "instant" });
  };
  document.addEventListener("scrollend", arrived, { signal });
  setTimeout(() => over.abort(), LONGEST_SCROLL_MS);
  place.scrollIntoView();
}

/** A parameter of the page rather than of the run, from either part of the address. */
function pageParam(name: string): string | null {
  return (
    new URLSearchParams(location.hash.slice(1)).get(name) ??
    new URLSearchParams(location.search).get(name)
  );
}

/** The part after # counts; the query is for links made by hand. */
function addressParams(): string {
  const hash = location.hash.slice(1);
  return hash !== "" ? hash : location.search.slice(1);
}

function addressWriter(): (params: string) => void {
  let waiting = false;
  let wanted = "";
  return (params) => {
    wanted = params;
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      history.replaceState(null, "", `#${wanted}`);
    }, ADDRESS_MS);
  };
}

function explain(root: HTMLElement, thrown: unknown): void {
  const notices = new Notices();
  root.replaceChildren(notices.element);
  const reason = thrown instanceof CoreLoadError ? thrown.reason : "load";
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  notices.show({
    id: "core",
    kind: "error",
    text: reason === "load" ? M.core.load(detail) : M.core[reason],
    actions: [{ label: M.core.retry, run: () => location.reload() }],
  });
}

void main();
