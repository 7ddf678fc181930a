/**
 * A real gateway before simulated providers, some traffic, and what was written down of it. Needs no network and no key;
 * everything lives in a temporary directory that goes when the demo goes.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import type { RequestRecord } from "../core/request/request-record.ts";
import { GatewayStartError, startChildGateway, withoutGatewaySettings, type ChildGateway } from "./child-gateway.ts";
import { companyKeys, HISTORY_DAYS, writeHistory } from "./company-history.ts";
import { keepCalling } from "./live-traffic.ts";
import { demoKeys, sendTraffic, type SentTraffic } from "./sample-traffic.ts";
import { emphasis } from "../cli/output/paint.ts";
import { EXIT, type Terminal } from "../cli/terminal.ts";
import { parseRecords, usageTable } from "./usage-table.ts";

export interface DemoOptions {
  /** End after the table instead of waiting for Ctrl-C. */
  readonly once: boolean;
  /** Of the month before. */
  readonly records: number;
  readonly terminal: Pick<Terminal, "env" | "stdout" | "stderr">;
  /** Where SIGINT, SIGTERM and SIGHUP arrive: `process`. */
  readonly signals: NodeJS.EventEmitter;
}

const recordDeadlineMs = 10_000;
const stopDeadlineMs = 5_000;

/** Gives the exit code. Ctrl-C is the usual way out of a demo, so it counts as success. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  // They stay until the end: a launcher above may pass on the same signal a second time.
  for (const name of signalNames) options.signals.on(name, interrupt);
  const directory = await mkdtemp(join(tmpdir(), "lmgate-demo-"));
  const simulator = await startSimulator();
  let gateway: ChildGateway | undefined;
  try {
    const { signal } = interrupted;
    await makeHistory(directory, options, signal);
    gateway = await startGateway(directory, simulator, options.terminal.env);
    return await show({ gateway, directory, options, signal });
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT.ok;
    options.terminal.stderr.write(complaint(error));
    return EXIT.failure;
  } finally {
    if (gateway) await stopGateway(gateway);
    await simulator.close();
    await rm(directory, { recursive: true, force: true });
    for (const name of signalNames) options.signals.off(name, interrupt);
  }
}

const signalNames = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Nothing is said of it where nobody watches: its lines would stand before those a script waits for. */
async function makeHistory(directory: string, options: DemoOptions, signal: AbortSignal): Promise<void> {
  const onProgress = progress(options, "records of the month before");
  await writeHistory({ directory, records: options.records, until: Date.now(), onProgress, signal });
}

async function startGateway(directory: string, simulator: Simulator, env: Terminal["env"]): Promise<ChildGateway> {
  const configPath = join(directory, "lmgate.yaml");
  const allowlistPath = join(directory, "allowlist.csv");
  const company = companyKeys().map(({ id, owner, secret }) => ({ id, owner, key: secret }));
  const rows = [...demoKeys, ...company].map(({ id, key, owner }) => `${id},${key},${owner},2026-11-01\n`);
  await writeFile(allowlistPath, `id,api_key,owner,added\n${rows.join("")}`, { mode: 0o600 });
  const pricesPath = join(directory, "prices.yaml");
  await writeFile(pricesPath, "models: {}\n");
  const configuration = {
    server: { host: "127.0.0.1", port: 0, workers: 2 },
    admin: { host: "127.0.0.1", port: 0, token_path: join(directory, "admin-token") },
    auth: { allowlist_path: allowlistPath },
    stats: { output_path: join(directory, "stats.jsonl"), flush_interval_seconds: 1 },
    // For the prices that somebody sets on the dashboard.
    pricing: { overrides_path: pricesPath },
    timeouts: { drain_seconds: 1 },
    providers: {
      openai: { upstream: `${simulator.url}/openai` },
      anthropic: { upstream: `${simulator.url}/anthropic` },
      google: { upstream: `${simulator.url}/google` },
      // A server of one's own, for whose models nobody has a price.
      local: { upstream: `${simulator.url}/openai` },
    },
  };
  await writeFile(configPath, JSON.stringify(configuration, undefined, 2)); // JSON is YAML.
  return startChildGateway({ configPath, cwd: directory, env: withoutGatewaySettings(env), detached: true });
}

/** One SIGTERM drains it; a process that will not end is not left behind. */
async function stopGateway({ child, exited }: ChildGateway): Promise<void> {
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
  await exited;
  clearTimeout(late);
}

function complaint(error: unknown): string {
  if (error instanceof GatewayStartError) {
    return `The gateway did not start: ${error.message}\n${error.output.stderr}${error.output.stdout}`;
  }
  return `The demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

interface Scene {
  readonly gateway: ChildGateway;
  readonly directory: string;
  readonly options: DemoOptions;
  readonly signal: AbortSignal;
}

async function show(scene: Scene): Promise<number> {
  const { gateway, directory, options, signal } = scene;
  const statsPath = join(directory, "stats.jsonl");
  const say = (...lines: readonly string[]): void => void options.terminal.stdout.write(`${lines.join("\n")}\n`);
  const strong = emphasis(options.terminal);

  say("LMGate demo: simulated providers, a real gateway, no network and no real key.", "");
  const began = performance.now();
  const sent = await sendTraffic({ gatewayUrl: gateway.address, onProgress: progress(options, "calls"), signal });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(`Sent ${sent.forwarded} calls in ${seconds} seconds. One more had a key that is not on the list:`, "");
  say(`  ${sent.refusal.status} ${sent.refusal.body.trim()}`, "");

  const records = await waitForRecords(statsPath, sent, signal);
  say(`What each key and model used, read from ${statsPath}:`, "");
  const [heading = "", ...rows] = usageTable(records);
  say(`  ${strong(heading)}`, ...rows.map((row) => `  ${row}`), "", ...remarks(records), "");
  if (records.length !== sent.forwarded) {
    options.terminal.stderr.write(`${records.length} calls were written down instead of ${sent.forwarded}.\n`);
    return EXIT.failure;
  }
  if (options.once) return EXIT.ok;
  const token = (await readFile(join(directory, "admin-token"), "utf8")).trim();
  say(...farewell({ gateway, statsPath, token, records: options.records }, strong));
  const life = keepCalling({ gatewayUrl: gateway.address, signal, random: Math.random });
  const code = await untilOver(scene);
  await life;
  return code;
}

/** Ctrl-C ends it; so does a gateway that ended by itself, which nobody should take for a running one. */
async function untilOver({ gateway, options, signal }: Scene): Promise<number> {
  const forever = new Promise<"interrupted">((resolve) => {
    if (signal.aborted) resolve("interrupted");
    signal.addEventListener("abort", () => resolve("interrupted"));
  });
  const how = await Promise.race([forever, gateway.exited]);
  if (how === "interrupted") return EXIT.ok;
  options.terminal.stderr.write(`The gateway ended by itself.\n${gateway.output().stderr}`);
  return EXIT.failure;
}

/** Records follow their calls within a tenth of a second or so; the file is looked at until they are there. */
async function waitForRecords(path: string, sent: SentTraffic, signal: AbortSignal): Promise<RequestRecord[]> {
  const deadline = performance.now() + recordDeadlineMs;
  for (;;) {
    const records = parseRecords(await readFile(path, "utf8"));
    if (records.length >= sent.forwarded || performance.now() > deadline) return records;
    await delay(20, undefined, { signal });
  }
}

function remarks(records: readonly RequestRecord[]): readonly string[] {
  const count = (wanted: (record: RequestRecord) => boolean): number => records.filter(wanted).length;
  const known = count((record) => record.total_output_tokens !== undefined);
  const aborted = records.filter((record) => record.error_type === "client_aborted");
  const failed = records.filter((record) => record.error_type !== null && record.error_type !== "client_aborted");
  return [
    `Input includes cached tokens, output includes reasoning. Usage is known in full for ${known} of ${records.length} calls; not for:`,
    ...failed.map(
      ({ status, error_type, lmgate_id }) => `  ${lmgate_id}: the provider answered ${status} (${error_type})`,
    ),
    ...aborted.map(({ model, lmgate_id }) => `  ${lmgate_id}: the client left in the middle of a stream from ${model}`),
  ];
}

interface Parting {
  readonly gateway: ChildGateway;
  readonly statsPath: string;
  readonly token: string;
  readonly records: number;
}

function farewell(
  { gateway, statsPath, token, records }: Parting,
  strong: (text: string) => string,
): readonly string[] {
  const { address, admin } = gateway;
  const key = demoKeys[0]?.key ?? "";
  const history =
    records === 0 ? [] : [`It shows ${HISTORY_DAYS} made-up days before these calls, and traffic that goes on.`];
  return [
    // The token stands behind the #, where no server and no log sees it.
    `${strong("Open the dashboard:")}  ${admin}/ui/#token=${token}`,
    ...history,
    "",
    `${strong("The gateway keeps running until Ctrl-C.")} Base URLs:`,
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

/** A bar on a terminal; nothing at all where the output goes to a file or a pipe. */
function progress({ terminal: { stderr, env } }: DemoOptions, what: string): (done: number, all: number) => void {
  if (!stderr.isTTY || env["CI"]) return () => undefined;
  return (done, all) => {
    const width = 30;
    const filled = Math.round((done / all) * width);
    const bar = `${"=".repeat(filled)}${" ".repeat(width - filled)}`;
    stderr.write(done === all ? "\r\u001b[K" : `\r  [${bar}] ${done} of ${all} ${what}`);
  };
}
