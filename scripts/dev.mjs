/** npm run dev [-- --port 5173 --host 127.0.0.1]: builds core, data and font once, then Vite serves www/ and reloads on change. */
import { buildCore, buildData, buildFont } from "./build.mjs";
import { serverOptions } from "./lib/options.mjs";
import { inRoot } from "./lib/paths.mjs";
import { launch, say } from "./lib/terminal.mjs";
import { FOR_BUILD, require as requireTools } from "./setup.mjs";

launch(async () => {
  const { port, host, help, usage } = serverOptions("npm run dev", 5173);
  if (help) return say(usage);
  const tools = await requireTools(FOR_BUILD);
  await buildCore(tools);
  await buildData();
  await buildFont();
  const { createServer } = await import("vite");
  const server = await createServer({
    configFile: inRoot("vite.config.ts"),
    server: { port, host },
  });
  await server.listen();
  server.printUrls();
  say(
    "After a change in crate/ run npm run build in another terminal: the page reloads by itself.",
  );
});
