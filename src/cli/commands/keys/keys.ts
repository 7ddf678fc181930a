import { Command } from "commander";
import { addKeyCommand } from "./keys-add.ts";
import { importKeysCommand } from "./keys-import.ts";
import { listKeysCommand } from "./keys-list.ts";
import { revokeKeysCommand } from "./keys-revoke.ts";
import { rotateKeyCommand } from "./keys-rotate.ts";
import { enableKeysCommand } from "./keys-enable.ts";
import type { Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys list
  lmgate keys add --owner ann < key.txt
  lmgate keys rotate 7 --grace 24h
  lmgate keys revoke 7

A running gateway applies every change at once.`;

export function keysCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("keys")
    .description("List, add, rotate and revoke the keys of the allow-list.")
    .helpCommand(false)
    .addCommand(listKeysCommand(terminal, finish))
    .addCommand(addKeyCommand(terminal, finish))
    .addCommand(enableKeysCommand(terminal, finish, "disable"))
    .addCommand(enableKeysCommand(terminal, finish, "enable"))
    .addCommand(rotateKeyCommand(terminal, finish))
    .addCommand(revokeKeysCommand(terminal, finish))
    .addCommand(importKeysCommand(terminal, finish))
    .addHelpText("after", EXAMPLES);
}
