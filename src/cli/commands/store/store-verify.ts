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

Exit codes: 0 if the store matches the stats files, 1 if it is damaged.`;

export function verifyStoreCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("verify"))
    .summary("compare the store with the stats files")
    .description("Compare the query store with the stats files and check its own consistency. Changes nothing.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await withStore(terminal, options, check(terminal, options))));
}

function check(terminal: Terminal, options: SettingsOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, onProgress }) => {
    store.look();
    const verification = await verify(store, onProgress);
    const isDamaged = verification.findings.some(({ kind }) => kind === "damage");
    if ("json" in options) printJson(terminal, { ok: !isDamaged, ...verification });
    else print(terminal, verification, isDamaged);
    return isDamaged ? EXIT.failure : EXIT.ok;
  };
}

function print(terminal: Terminal, { findings, records, segments, parts }: Verification, isDamaged: boolean): void {
  for (const { kind, what } of findings) terminal.stdout.write(`${kind}: ${what}\n`);
  const size = `${formatCount(records, "record")} in Parquet, ${formatCount(parts, "part")}, ${formatCount(segments, "stats file")}`;
  terminal.stdout.write(`${size}: ${isDamaged ? "damaged" : "ok"}\n`);
  if (isDamaged) info(terminal, "rebuild the store with: lmgate store rebuild");
}
