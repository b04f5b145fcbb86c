/** A background thread with a core of its own: takes jobs by message, answers with rows. */
import { loadCore } from "../engine/core";
import { putTogether } from "./binding";
import { Host } from "./host";
import type { FromHost } from "./jobs";

/** The page is not on this thread; a slice only has to let messages in. In ms. */
const SLICE = 50;

interface Scope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}
const scope = globalThis as unknown as Scope;
const tell = (message: FromHost, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer);

// A message to ourselves lets others in without the 4 ms that browsers add to nested timeouts.
const bell = new MessageChannel();
let wake = (): void => undefined;
bell.port1.onmessage = () => wake();
const rest = (): Promise<void> =>
  new Promise((resolve) => {
    wake = resolve;
    bell.port2.postMessage(null);
  });

const early: unknown[] = [];
scope.onmessage = (event) => early.push(event.data);
loadCore().then(
  (core) => {
    const clock = { now: () => performance.now(), rest, slice: SLICE };
    const host = new Host({ simulator: core.simulator, putTogether }, clock, tell);
    scope.onmessage = (event) => host.receive(event.data);
    for (const message of early) host.receive(message);
    tell({ type: "ready" });
  },
  (thrown) => tell({ type: "failed", message: String(thrown) }),
);
