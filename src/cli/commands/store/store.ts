import { Command } from "commander";
import { compactStoreCommand } from "./store-compact.ts";
import { pruneStoreCommand } from "./store-prune.ts";
import { rebuildStoreCommand } from "./store-rebuild.ts";
import { storeStatsCommand } from "./store-stats.ts";
import { verifyStoreCommand } from "./store-verify.ts";
import type { Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store stats
  lmgate store verify
  lmgate store prune --older-than 90 --dry-run

The query store is an indexed copy of the stats files and can be rebuilt from them at any time. A gateway may be running.`;

export function storeCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("store")
    .description("Inspect and maintain the query store.")
    .helpCommand(false)
    .addCommand(storeStatsCommand(terminal, finish))
    .addCommand(compactStoreCommand(terminal, finish))
    .addCommand(verifyStoreCommand(terminal, finish))
    .addCommand(pruneStoreCommand(terminal, finish))
    .addCommand(rebuildStoreCommand(terminal, finish))
    .addHelpText("after", EXAMPLES);
}
