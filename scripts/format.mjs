/** npm run format: rewrites Rust with rustfmt, everything else with biome (which also applies its safe fixes). */
import { biome } from "./lib/node-tools.mjs";
import { must } from "./lib/run.mjs";
import { launch } from "./lib/terminal.mjs";
import { require as requireTools } from "./setup.mjs";

launch(async () => {
  const { env } = await requireTools(["npm packages", "rustfmt and clippy"]);
  await must(
    "formatting the Rust code",
    "mend the syntax errors above",
    "cargo",
    ["fmt", "--all"],
    { env },
  );
  const check = [...biome, "check", "--write"];
  await must(
    "formatting the rest",
    "mend what biome names above by hand",
    process.execPath,
    check,
    { env },
  );
});
