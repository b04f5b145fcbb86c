/** Two places for runs: background workers, and the page's own thread in slices. */
import type { Core } from "../engine/protocol";
import { putTogether } from "./binding";
import { Host } from "./host";
import type { MakePort } from "./pool";

/** Longest slice on the page's own thread, in ms: half a frame. */
const SLICE = 8;

/** Throws where the browser gives this page no workers. */
export const worker: MakePort = (events) => {
  const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  made.onmessage = (event) => events.message(event.data);
  made.onmessageerror = () => events.error("a message could not be read");
  made.onerror = (event) => {
    event.preventDefault();
    events.error(event.message || "the background thread could not be started");
  };
  return { post: (message) => made.postMessage(message), close: () => made.terminate() };
};

export function local(core: Core): MakePort {
  return (events) => {
    // One frame for the page between two slices.
    const rest = (): Promise<void> =>
      new Promise((resolve) => {
        setTimeout(resolve, SLICE);
      });
    const clock = { now: () => performance.now(), rest, slice: SLICE };
    let open = true;
    const host = new Host({ simulator: core.simulator, putTogether }, clock, (message) => {
      if (open) events.message(message);
    });
    queueMicrotask(() => open && events.message({ type: "ready" }));
    return {
      post: (message) => host.receive(message),
      close: () => {
        open = false;
        host.close();
      },
    };
  };
}
