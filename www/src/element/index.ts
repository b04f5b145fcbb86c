/** The npm package: registers `<credit-lab>` when imported. wasm and digits lie beside this file. */
import { CreditLabElement, defineCreditLab } from "./element";

// In two steps, because a bundler takes `new URL("...", import.meta.url)` for a file to be copied.
const self = import.meta.url;
const home = new URL(".", self);

// Served as part of a site, the package lies in a folder of it.
defineCreditLab(home, home.pathname.endsWith("/package/") ? new URL("..", home) : null);

export { CreditLabElement };
