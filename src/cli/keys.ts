import { Command } from "commander";
import { addKeyCommand } from "./keys-add.ts";
import { listKeysCommand } from "./keys-list.ts";
import { revokeKeysCommand } from "./keys-revoke.ts";
import type { Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys list
  lmgate keys add --owner ann < key.txt
  lmgate keys revoke 7

A running gateway sees every change at once.`;

export function keysCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("keys")
    .description("List, add and revoke keys of the allow-list.")
    .helpCommand(false)
    .addCommand(listKeysCommand(terminal, finish))
    .addCommand(addKeyCommand(terminal, finish))
    .addCommand(revokeKeysCommand(terminal, finish))
    .addHelpText("after", EXAMPLES);
}
