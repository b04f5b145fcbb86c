/**
 * The font of formulas, for a page that has not declared it (styles/fonts.css): a shadow root cannot. The bytes are fetched
 * from beside the module, as the digits are, so that the page's policy needs no font-src and no style-src.
 */
const FAMILY = "Credit Lab Math";

let asked = false;

/** Once a page; without the font formulas are set in what the reader has. `base`: the folder that holds `fonts/`. */
export function bringFormulaFont(base: URL): void {
  if (asked) return;
  asked = true;
  if (!declared()) load(new URL("fonts/math.woff2", base)).catch(() => undefined);
}

function declared(): boolean {
  let found = false;
  document.fonts.forEach(({ family }) => {
    found ||= family.replaceAll('"', "") === FAMILY;
  });
  return found;
}

async function load(url: URL): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) return;
  const face = new FontFace(FAMILY, await response.arrayBuffer());
  document.fonts.add(await face.load());
}
