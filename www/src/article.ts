/** The essay: its figures are `<credit-lab>` elements, which follow the page's theme. */
import { defineCreditLab } from "./element/element";
import { keepForOffline } from "./offline/register";
import { themeSwitch } from "./views/theme";

const here = new URL(".", document.baseURI);
const root = document.documentElement;

const follow = (): void => {
  const { theme } = root.dataset;
  for (const figure of document.querySelectorAll("credit-lab")) {
    if (theme === undefined) figure.removeAttribute("theme");
    else figure.setAttribute("theme", theme);
  }
};
new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["data-theme"] });

const wanted = new URLSearchParams(location.search).get("theme");
document.querySelector("[data-theme-switch]")?.append(themeSwitch(root, wanted));
follow();
defineCreditLab(here, here);
keepForOffline(here);
