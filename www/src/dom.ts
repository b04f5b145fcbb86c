/** Builds elements without markup strings: text goes in as text, so nothing foreign becomes HTML. */

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** `h("p", {class: "lede"}, "text")`; null and false leave an attribute out, true sets it empty. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The few drawn symbols of the page (play, pause, line samples). */
export function svg(
  viewBox: string,
  attributes: Attributes,
  ...paths: readonly Attributes[]
): SVGElement {
  const root = document.createElementNS(SVG, "svg");
  setAttributes(root, { viewBox, "aria-hidden": "true", focusable: "false", ...attributes });
  for (const path of paths) {
    const element = document.createElementNS(SVG, "path");
    setAttributes(element, path);
    root.append(element);
  }
  return root;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Sets text only when it differs: a live region or a selection is not disturbed for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Offers bytes as a download. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  link.click();
  // The click has started the download; the address may go once the browser has taken it over.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
