/**
 * Runs a real gateway in front of simulated providers, sends traffic and shows the records. It needs no network and no
 * key; everything it writes is in a temporary directory that is removed at the end.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import type { RequestRecord } from "../core/request/request-record.ts";
import { GatewayStartError, startChildGateway, withoutGatewaySettings, type ChildGateway } from "./child-gateway.ts";
import { sendLiveTraffic } from "./live-traffic.ts";
import { demoKeys, sendSampleTraffic, type SentTraffic } from "./sample-traffic.ts";
import { parseRecords, usageTable, type UsageTable } from "./usage-table.ts";
import { HISTORY_DAYS, historyClientKeys, writeHistory, type OnProgress } from "./write-history.ts";

export interface DemoOptions {
  /** End after the table instead of waiting for Ctrl-C. */
  readonly once: boolean;
  /** How many records to generate for the month before. */
  readonly records: number;
  readonly env: NodeJS.ProcessEnv;
  readonly output: DemoOutput;
  /** Where SIGINT, SIGTERM and SIGHUP arrive: `process`. */
  readonly signals: NodeJS.EventEmitter;
}

/** How the demo writes to the terminal; the command passes it in. */
export interface DemoOutput {
  readonly print: (...lines: readonly string[]) => void;
  readonly printError: (text: string) => void;
  readonly bold: (text: string) => string;
  readonly formatTable: (table: UsageTable) => readonly string[];
  /** Shows a progress bar until `done` equals `total`. */
  readonly showProgress: (label: string) => OnProgress;
}

const RECORD_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves to false if the demo failed. Ctrl-C is the usual way to end it, and counts as success. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  // The handlers stay until the end: npm and the launcher may deliver the same signal twice.
  for (const name of SIGNALS) options.signals.on(name, interrupt);
  const directory = await mkdtemp(join(tmpdir(), "lmgate-demo-"));
  const simulator = await startSimulator();
  let gateway: ChildGateway | undefined;
  try {
    const { signal } = interrupted;
    const onProgress = options.output.showProgress("generating records");
    await writeHistory({ directory, records: options.records, until: Date.now(), onProgress, signal });
    gateway = await startGateway(directory, simulator, options.env);
    return await present({ gateway, directory, options, signal });
  } catch (error) {
    if (interrupted.signal.aborted) return true;
    options.output.printError(errorText(error));
    return false;
  } finally {
    if (gateway) await stopGateway(gateway);
    await simulator.close();
    await rm(directory, { recursive: true, force: true });
    for (const name of SIGNALS) options.signals.off(name, interrupt);
  }
}

async function startGateway(directory: string, simulator: Simulator, env: NodeJS.ProcessEnv): Promise<ChildGateway> {
  const configPath = join(directory, "lmgate.yaml");
  const allowlistPath = join(directory, "allowlist.csv");
  const historyKeys = historyClientKeys().map(({ id, owner, secret }) => ({ id, owner, key: secret }));
  const rows = [...demoKeys, ...historyKeys].map(({ id, key, owner }) => `${id},${key},${owner},2026-11-01\n`);
  await writeFile(allowlistPath, `id,api_key,owner,added\n${rows.join("")}`, { mode: 0o600 });
  const pricesPath = join(directory, "prices.yaml");
  await writeFile(pricesPath, "models: {}\n");
  const configuration = {
    server: { host: "127.0.0.1", port: 0, workers: 2 },
    admin: { host: "127.0.0.1", port: 0, token_path: join(directory, "admin-token") },
    auth: { allowlist_path: allowlistPath },
    stats: { output_path: join(directory, "stats.jsonl"), flush_interval_seconds: 1 },
    // Prices can be set on the dashboard only if there is a file for them.
    pricing: { overrides_path: pricesPath },
    timeouts: { drain_seconds: 1 },
    providers: {
      openai: { upstream: `${simulator.url}/openai` },
      anthropic: { upstream: `${simulator.url}/anthropic` },
      google: { upstream: `${simulator.url}/google` },
      // A self-hosted server, whose models have no price.
      local: { upstream: `${simulator.url}/openai` },
    },
  };
  await writeFile(configPath, JSON.stringify(configuration, undefined, 2)); // JSON is YAML.
  return startChildGateway({ configPath, cwd: directory, env: withoutGatewaySettings(env), detached: true });
}

/** Drains the gateway with SIGTERM, and kills it if it does not end in time. */
async function stopGateway({ child, exited }: ChildGateway): Promise<void> {
  child.kill("SIGTERM");
  const killTimer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(killTimer);
}

function errorText(error: unknown): string {
  if (error instanceof GatewayStartError) {
    return `The gateway did not start: ${error.message}\n${error.output.stderr}${error.output.stdout}`;
  }
  return `The demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

interface RunningDemo {
  readonly gateway: ChildGateway;
  readonly directory: string;
  readonly options: DemoOptions;
  readonly signal: AbortSignal;
}

async function present(demo: RunningDemo): Promise<boolean> {
  const { gateway, directory, options, signal } = demo;
  const { print, printError, bold, formatTable, showProgress } = options.output;
  const statsPath = join(directory, "stats.jsonl");

  print("LMGate demo: simulated providers, a real gateway, no network and no real key.", "");
  const startedAt = performance.now();
  const sent = await sendSampleTraffic({ gatewayUrl: gateway.address, onProgress: showProgress("requests"), signal });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  print(
    `Sent ${sent.forwarded} requests in ${seconds} seconds. One more used a key that is not on the allow-list:`,
    "",
  );
  print(`  ${sent.rejection.status} ${sent.rejection.body.trim()}`, "");

  const records = await waitForRecords(statsPath, sent, signal);
  print(`Usage by key and model, read from ${statsPath}:`, "");
  const [heading = "", ...rows] = formatTable(usageTable(records));
  print(`  ${bold(heading)}`, ...rows.map((row) => `  ${row}`), "", ...coverageNotes(records), "");
  if (records.length !== sent.forwarded) {
    printError(`Expected ${sent.forwarded} records, found ${records.length}.\n`);
    return false;
  }
  if (options.once) return true;
  const token = (await readFile(join(directory, "admin-token"), "utf8")).trim();
  print(...nextSteps({ gateway, statsPath, token, records: options.records }, bold));
  const liveTraffic = sendLiveTraffic({ gatewayUrl: gateway.address, signal, random: Math.random });
  const succeeded = await waitForEnd(demo);
  await liveTraffic;
  return succeeded;
}

/** Waits for Ctrl-C, or for the gateway to end unexpectedly, which is a failure. */
async function waitForEnd({ gateway, options, signal }: RunningDemo): Promise<boolean> {
  const aborted = new Promise<"interrupted">((resolve) => {
    if (signal.aborted) resolve("interrupted");
    signal.addEventListener("abort", () => resolve("interrupted"));
  });
  const cause = await Promise.race([aborted, gateway.exited]);
  if (cause === "interrupted") return true;
  options.output.printError(`The gateway stopped unexpectedly.\n${gateway.output().stderr}`);
  return false;
}

/** Polls the stats file: records arrive about a tenth of a second after their responses. */
async function waitForRecords(path: string, sent: SentTraffic, signal: AbortSignal): Promise<RequestRecord[]> {
  const deadline = performance.now() + RECORD_TIMEOUT_MS;
  for (;;) {
    const records = parseRecords(await readFile(path, "utf8"));
    if (records.length >= sent.forwarded || performance.now() > deadline) return records;
    await delay(20, undefined, { signal });
  }
}

function coverageNotes(records: readonly RequestRecord[]): readonly string[] {
  const known = records.filter((record) => record.total_output_tokens !== undefined).length;
  const aborted = records.filter((record) => record.error_type === "client_aborted");
  const failed = records.filter((record) => record.error_type !== null && record.error_type !== "client_aborted");
  return [
    "Input includes cached tokens, output includes reasoning tokens.",
    `Usage is fully known for ${known} of ${records.length} requests. The exceptions:`,
    ...failed.map(
      ({ status, error_type, lmgate_id }) => `  ${lmgate_id}: the provider responded with ${status} (${error_type})`,
    ),
    ...aborted.map(({ model, lmgate_id }) => `  ${lmgate_id}: the client left in the middle of a stream from ${model}`),
  ];
}

interface DemoAddresses {
  readonly gateway: ChildGateway;
  readonly statsPath: string;
  readonly token: string;
  readonly records: number;
}

function nextSteps(
  { gateway, statsPath, token, records }: DemoAddresses,
  bold: (text: string) => string,
): readonly string[] {
  const { address, admin } = gateway;
  const key = demoKeys[0]?.key ?? "";
  const history = records === 0 ? [] : [`It shows ${HISTORY_DAYS} days of generated history and live traffic.`];
  return [
    // The token is in the fragment, which browsers do not send: no server and no log sees it.
    `${bold("Open the dashboard:")}  ${admin}/ui/#token=${token}`,
    ...history,
    "",
    `${bold("The gateway keeps running until Ctrl-C.")} Base URLs:`,
    "",
    `  OpenAI     ${address}/openai/v1`,
    `  Anthropic  ${address}/anthropic`,
    `  Google     ${address}/google`,
    "",
    `  status     ${admin}/api/v1/status`,
    `  stats      ${statsPath}`,
    "",
    "Try this:",
    "",
    `  curl ${address}/openai/v1/chat/completions \\`,
    `    -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\`,
    `    -d '{"model":"gpt-5.5","messages":[{"role":"user","content":"Hello"}]}'`,
    "",
    `  tail -n 1 ${statsPath}`,
    "",
  ];
}
