/** npm start [-- --port 8000 --host 127.0.0.1]: prepares this machine, builds everything, serves dist/. */
import { build } from "./build.mjs";
import { serverOptions } from "./lib/options.mjs";
import { dist } from "./lib/paths.mjs";
import { bold, duration, launch, say } from "./lib/terminal.mjs";
import { serve } from "./serve.mjs";
import { FOR_BUILD, require as requireTools } from "./setup.mjs";

launch(async () => {
  const started = performance.now();
  const { port, host, help, usage } = serverOptions("npm start", 8000);
  if (help) return say(usage);
  await build(await requireTools(FOR_BUILD));
  const { url } = await serve({ root: dist, port, host });
  say(
    `\nReady after ${duration(performance.now() - started)}. Open ${bold(url)} in a browser; Ctrl-C ends.`,
  );
});
