import { Command } from "commander";
import { verify, type Verification } from "../../../store/files/verify.ts";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { formatCount } from "../../output/format-bytes.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store verify
  lmgate store verify --json | jq '.findings[] | select(.kind == "damage")'

Exit code 0 when the store is what the stats files info, 1 when something is damaged.`;

export function verifyStoreCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("verify"))
    .summary("compare the store with the stats files, and with itself")
    .description("Compare the store with the stats files, and with itself. Nothing is changed.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await withStore(terminal, options, check(terminal, options))));
}

function check(terminal: Terminal, options: SettingsOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, onProgress }) => {
    store.look();
    const found = await verify(store, onProgress);
    const isDamaged = found.findings.some(({ kind }) => kind === "damage");
    if ("json" in options) printJson(terminal, { ok: !isDamaged, ...found });
    else print(terminal, found, isDamaged);
    return isDamaged ? EXIT.failure : EXIT.ok;
  };
}

function print(terminal: Terminal, { findings, records, segments, parts }: Verification, isDamaged: boolean): void {
  for (const { kind, what } of findings) terminal.stdout.write(`${kind}: ${what}\n`);
  const size = `${formatCount(records, "record")} in Parquet, ${formatCount(parts, "part")}, ${formatCount(segments, "stats file")}`;
  terminal.stdout.write(`${size}: ${isDamaged ? "damaged" : "all is well"}\n`);
  if (isDamaged) info(terminal, "make the store anew with: lmgate store rebuild");
}
