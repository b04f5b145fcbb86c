/**
 * Colours for canvases, read from the CSS custom properties of the instance's root element, so that
 * theme, embedding page and print style decide in one place (styles/tokens.css).
 *
 * Lines: Okabe-Ito, one colour a rule. Classes: ten colours, each with a marker shape of its own.
 */
export class Palette {
  private readonly cache = new Map<string, string>();

  constructor(private readonly root: Element) {}

  /** Forget everything: the theme changed. */
  refresh(): void {
    this.cache.clear();
  }

  /** A custom property such as "--ink". */
  get(name: string): string {
    let colour = this.cache.get(name);
    if (colour === undefined) {
      colour = getComputedStyle(this.root).getPropertyValue(name).trim();
      this.cache.set(name, colour);
    }
    return colour;
  }

  rule(id: string): string {
    return this.get(`--rule-${id}`) || this.get("--rule-other");
  }

  digit(label: number): string {
    return this.get(`--class-${label % 10}`);
  }

  /** Two colours as RGB triples, for pictures between paper (0) and ink (1). */
  ramp(): { paper: readonly number[]; ink: readonly number[] } {
    return { paper: rgb(this.get("--digit-paper")), ink: rgb(this.get("--digit-ink")) };
  }
}

/** "#1d1d1f" -> [29, 29, 31]. Tokens that pictures use are written as six hex digits. */
export function rgb(hex: string): readonly number[] {
  const n = Number.parseInt(hex.replace("#", ""), 16);
  if (Number.isNaN(n)) return [128, 128, 128];
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}
