import { Command } from "commander";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { formatCount } from "../../output/format-bytes.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store rebuild
  lmgate store rebuild --from-nothing

The old store serves until the new one is complete. Records whose stats files are gone are taken over from it, unless
--from-nothing says that it cannot be read.`;

const BULK_BYTES = 96 * 1024 * 1024;

export function rebuildStoreCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("rebuild"))
    .summary("make the store anew from the stats files")
    .description("Make the store anew from the stats files.")
    .option("--from-nothing", "take nothing over from the old store")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => {
      const fresh = "fromNothing" in options;
      finish(await withStore(terminal, options, rebuild(terminal, options), { fresh }));
    });
}

function rebuild(terminal: Terminal, options: SettingsOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, onProgress }) => {
    await store.rebuild({ compactAt: BULK_BYTES, onProgress });
    const there = new Set(store.files.map(({ id }) => id));
    const states = store.segments.map((track) => track.settled());
    const takenOver = states.filter(({ id }) => !there.has(id));
    const facts = {
      records: states.reduce((sum, { records }) => sum + records, 0),
      segments: states.length,
      taken_over: takenOver.reduce((sum, { records }) => sum + records, 0),
    };
    if ("json" in options) printJson(terminal, facts);
    else
      terminal.stdout.write(
        `${formatCount(facts.records, "record")} of ${formatCount(facts.segments, "stats file")}\n`,
      );
    if (facts.taken_over > 0) {
      info(
        terminal,
        `the stats files of ${formatCount(facts.taken_over, "record")} are gone; they were taken over as they were`,
      );
    }
    return EXIT.ok;
  };
}
