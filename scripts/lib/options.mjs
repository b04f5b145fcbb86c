/** Command line options of the scripts that serve the page. */
import { parseArgs } from "node:util";
import { Failure } from "./terminal.mjs";

/** @param {string} command @param {number} defaultPort @param {string[]} [argv] */
export function serverOptions(command, defaultPort, argv = process.argv.slice(2)) {
  const usage = `${command} -- [--port ${defaultPort}] [--host 127.0.0.1]`;
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        port: { type: "string", default: String(defaultPort) },
        host: { type: "string", default: "127.0.0.1" },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new Failure("reading the command line", {
      cause: error instanceof Error ? error.message : String(error),
      remedy: usage,
    });
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Failure("reading the command line", {
      cause: `--port ${values.port} is not a port number (0 to 65535)`,
      remedy: usage,
    });
  }
  return { port, host: values.host, help: values.help, usage };
}
