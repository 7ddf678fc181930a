#!/usr/bin/env node
/**
 * The command line. Each command has a row; its file and dependencies are loaded only if it is the command that runs.
 * Commands print data to stdout and messages to stderr, and end with one of the exit codes in `context/terminal.ts`.
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
    summary: "create a commented configuration and an empty allow-list",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "config",
    summary: "show the effective configuration",
    load: async () => (await import("./commands/config.ts")).configCommand,
  },
  {
    name: "keys",
    summary: "list, add, rotate and revoke keys",
    load: async () => (await import("./commands/keys/keys.ts")).keysCommand,
  },
  {
    name: "prices",
    summary: "show prices of models, and override them",
    load: async () => (await import("./commands/prices/prices.ts")).pricesCommand,
  },
  {
    name: "reprice",
    summary: "recompute the cost of recorded requests",
    load: async () => (await import("./commands/ledger/reprice.ts")).repriceCommand,
  },
  {
    name: "reload",
    summary: "reload the allow-list of the running gateway",
    load: async () => (await import("./commands/reload.ts")).reloadCommand,
  },
  {
    name: "stats",
    alias: "usage",
    summary: "show usage and cost of requests",
    load: async () => (await import("./commands/stats.ts")).statsCommand,
  },
  {
    name: "tail",
    alias: "logs",
    summary: "show requests as they finish",
    load: async () => (await import("./commands/tail.ts")).tailCommand,
  },
  {
    name: "export",
    summary: "export requests as CSV, JSON lines or Parquet",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "sql",
    summary: "query the records with SQL",
    load: async () => (await import("./commands/sql.ts")).sqlCommand,
  },
  {
    name: "doctor",
    summary: "diagnose the installation",
    load: async () => (await import("./commands/doctor/doctor.ts")).doctorCommand,
  },
  {
    name: "ledger",
    summary: "verify the stats files",
    load: async () => (await import("./commands/ledger/ledger.ts")).ledgerCommand,
  },
  {
    name: "store",
    summary: "inspect and maintain the query store",
    load: async () => (await import("./commands/store/store.ts")).storeCommand,
  },
  {
    name: "demo",
    summary: "run a gateway with simulated providers and traffic",
    load: async () => (await import("./commands/demo.ts")).demoCommand,
  },
  {
    name: "healthcheck",
    summary: "check that a running gateway is healthy",
    load: async () => (await import("./commands/healthcheck.ts")).healthcheckCommand,
  },
  {
    name: "version",
    summary: "print the version",
    load: async () => (await import("./commands/version.ts")).versionCommand,
  },
];

// A reader that closes the pipe early (`lmgate keys list | head`) is not an error.
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
