import { Command } from "commander";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { formatCount } from "../../output/format-bytes.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store rebuild
  lmgate store rebuild --from-nothing

The old store is used until the new one is complete. Records whose stats files were deleted are copied from it, unless
--from-nothing is given.`;

const BULK_BYTES = 96 * 1024 * 1024;

export function rebuildStoreCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("rebuild"))
    .summary("rebuild the store from the stats files")
    .description("Rebuild the query store from the stats files.")
    .option("--from-nothing", "copy nothing from the old store")
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
    const existing = new Set(store.files.map(({ id }) => id));
    const states = store.segments.map((track) => track.stateToWrite());
    const copied = states.filter(({ id }) => !existing.has(id));
    const result = {
      records: states.reduce((sum, { records }) => sum + records, 0),
      segments: states.length,
      taken_over: copied.reduce((sum, { records }) => sum + records, 0),
    };
    if ("json" in options) printJson(terminal, result);
    else
      terminal.stdout.write(
        `rebuilt: ${formatCount(result.records, "record")} of ${formatCount(result.segments, "stats file")}\n`,
      );
    if (result.taken_over > 0) {
      info(
        terminal,
        `${formatCount(result.taken_over, "record")} of deleted stats files were copied from the old store`,
      );
    }
    return EXIT.ok;
  };
}
