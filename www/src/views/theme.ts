/** Light, dark, or as the system has it; remembered where the browser permits. */
import { h } from "../dom";
import { M } from "../messages";

const KEY = "credit-lab-theme";
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

/** `wanted` comes from the address and holds for this visit only. */
export function themeSwitch(root: HTMLElement, wanted: string | null): HTMLElement {
  const select = h(
    "select",
    { class: "theme" },
    ...THEMES.map((theme) => h("option", { value: theme }, M.theme[theme])),
  );
  const apply = (theme: Theme): void => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  const stored = THEMES.find((t) => t === wanted) ?? recall();
  apply(stored);
  select.value = stored;
  select.addEventListener("change", () => {
    const theme = THEMES.find((t) => t === select.value) ?? "auto";
    apply(theme);
    remember(theme);
  });
  return h("label", { class: "theme-switch" }, h("span", {}, M.theme.label), select);
}

function recall(): Theme {
  try {
    return THEMES.find((t) => t === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is refused in some frames; the choice then lasts as long as the page.
  }
}
