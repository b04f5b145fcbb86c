/** Asks the browser to keep the site for visits without a network; where it cannot, nothing is said and nothing breaks. */

/** How long the page's own work goes before, in ms. */
const LATER_MS = 2000;

/** Call once the page is ready. Only pages of the site itself: sw.js lies beside them. */
export function keepForOffline(base: URL): void {
  // In development there is no sw.js; over plain http, and in some frames, there are no service workers.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  setTimeout(() => {
    navigator.serviceWorker
      .register(new URL("sw.js", base), { scope: base.href, updateViaCache: "none" })
      .catch(() => undefined);
  }, LATER_MS);
}
