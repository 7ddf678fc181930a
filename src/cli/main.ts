#!/usr/bin/env node
/**
 * The command line. One row for each command; a command's file, and what it needs, is loaded only when it is the one
 * that runs. Commands print data to stdout and messages to stderr, and end with one of the exit codes in `terminal.ts`.
 */
import { runCommandLine, type CommandRow } from "./command-line.ts";

const COMMANDS: readonly CommandRow[] = [
  {
    name: "start",
    alias: "serve",
    summary: "run the gateway",
    load: async () => (await import("./commands/start.ts")).startCommand,
  },
  {
    name: "check",
    alias: "validate",
    summary: "validate configuration and allow-list",
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  {
    name: "init",
    summary: "write a commented configuration and an empty allow-list",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "config",
    summary: "show the configuration in force",
    load: async () => (await import("./commands/config.ts")).configCommand,
  },
  {
    name: "keys",
    summary: "list, add, exchange and revoke keys of the allow-list",
    load: async () => (await import("./commands/keys/keys.ts")).keysCommand,
  },
  {
    name: "prices",
    summary: "show what models cost, and set prices of your own",
    load: async () => (await import("./commands/prices/prices.ts")).pricesCommand,
  },
  {
    name: "reprice",
    summary: "work out the costs of written records anew",
    load: async () => (await import("./commands/ledger/reprice.ts")).repriceCommand,
  },
  {
    name: "reload",
    summary: "have the running gateway read its allow-list again",
    load: async () => (await import("./commands/reload.ts")).reloadCommand,
  },
  {
    name: "stats",
    alias: "usage",
    summary: "add up what calls cost and used",
    load: async () => (await import("./commands/stats.ts")).statsCommand,
  },
  {
    name: "tail",
    alias: "logs",
    summary: "show calls as they end",
    load: async () => (await import("./commands/tail.ts")).tailCommand,
  },
  {
    name: "export",
    summary: "write calls as CSV, lines of JSON or Parquet",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "sql",
    summary: "ask the records in SQL",
    load: async () => (await import("./commands/sql.ts")).sqlCommand,
  },
  {
    name: "doctor",
    summary: "look at everything a gateway here needs",
    load: async () => (await import("./commands/doctor/doctor.ts")).doctorCommand,
  },
  {
    name: "ledger",
    summary: "check that the stats files are whole",
    load: async () => (await import("./commands/ledger/ledger.ts")).ledgerCommand,
  },
  {
    name: "store",
    summary: "look after the store, from which questions are answered",
    load: async () => (await import("./commands/store/store.ts")).storeCommand,
  },
  {
    name: "demo",
    summary: "simulated providers, a gateway and some traffic",
    load: async () => (await import("./commands/demo.ts")).demoCommand,
  },
  {
    name: "healthcheck",
    summary: "ask a running gateway whether it is well",
    load: async () => (await import("./commands/healthcheck.ts")).healthcheckCommand,
  },
  {
    name: "version",
    summary: "print the version",
    load: async () => (await import("./commands/version.ts")).versionCommand,
  },
];

// A reader that has seen enough (`lmgate keys list | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommandLine(COMMANDS, process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
