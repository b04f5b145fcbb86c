import { describe, expect, it } from "vitest";
import html from "../../index.html?raw";
import { forShadow, sheetOrder } from "./styles";

describe("forShadow", () => {
  it("turns the document's root into the host and its theme into the attribute", () => {
    expect(forShadow(":root{a:b}")).toBe(":host{a:b}");
    expect(forShadow(':root[data-theme="dark"]{a:b}')).toBe(':host([theme="dark"]){a:b}');
    expect(forShadow(":root:not([data-theme=light]){a:b}")).toBe(
      ':host(:not([theme="light"])){a:b}',
    );
  });

  it("measures the element instead of the window", () => {
    expect(forShadow("@media (max-width: 760px) {x{}}")).toBe(
      "@container instrument (max-width: 760px) {x{}}",
    );
    expect(forShadow("@media (width<=60rem){x{}}")).toBe(
      "@container instrument (width<=960px){x{}}",
    );
    const other = "@media (prefers-color-scheme: dark) {x{}}";
    expect(forShadow(other)).toBe(other);
    // A figure's own container stays what it is, but a condition takes no custom property.
    expect(forShadow("@container (max-width:38rem){a{width:1rem}}")).toBe(
      "@container (max-width:608px){a{width:calc(1 * var(--rem))}}",
    );
  });

  it("takes the size of letters from the element", () => {
    expect(forShadow("a{margin:-1.5rem .2rem}")).toBe(
      "a{margin:calc(-1.5 * var(--rem)) calc(.2 * var(--rem))}",
    );
    expect(forShadow("a{width:calc(2rem - 1px)}")).toContain("calc(2 * var(--rem)) - 1px");
  });
});

describe("sheets", () => {
  it("are all that the page links for the instrument, the element's own last", () => {
    const linked = [...html.matchAll(/styles\/([\w-]+)\.css/g)].map(([, name]) => name ?? "");
    const taken = sheetOrder().map((path) => /([\w-]+)\.css/.exec(path)?.[1] ?? "");
    const pageOnly = ["page", "fonts", "experiments"];
    for (const name of linked) expect(taken.includes(name), name).toBe(!pageOnly.includes(name));
    expect(taken.slice(0, 4)).toEqual(["base", "tokens", "lab", "plot"]);
    expect(taken.at(-1)).toBe("element");
  });
});
