// Measures the query store with millions of records: building it, the query of each dashboard panel, `lmgate stats`, and
// the effect of a heavy query on forwarded requests. Writes the results into docs/benchmarks.md.
//
//   npm run build && npm run bench:insight [-- --records N --rounds N --seconds N --directory D --source --no-document]
//
// With --directory the ledger and the store are kept there and reused by the next run; with --source the gateway and the
// command run from the sources instead of from `dist`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Settings } from "../src/config/settings.ts";
import { openStore } from "../src/store/service/open-store.ts";
import { remoteReader } from "../src/store/service/reader-rpc.ts";
import type { StoreReader } from "../src/store/schema/reader.ts";
import { StoreClient } from "../src/store/service/store-client.ts";
import { PANELS, HEAVIEST } from "./insight-panels.ts";
import { insightConfiguration, measureRelay, type RelayTimes } from "./insight-relay.ts";
import { markdownTable } from "./markdown-table.ts";
import { writeManyRecordsInParallel } from "./many-records-parallel.ts";
import { percentile } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "10" },
    seconds: { type: "string", default: "10" },
    directory: { type: "string" },
    source: { type: "boolean", default: false },
    "no-document": { type: "boolean", default: false },
  },
});

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENT = join(ROOT, "docs", "benchmarks.md");
const MARKERS = ["<!-- insight -->", "<!-- /insight -->"] as const;
const MEGABYTE = 1024 * 1024;
const IDLE_TICKS = 3;
const MAX_POLLS = 120;

const records = Number(values.records);
const home = values.directory ?? mkdtempSync(join(tmpdir(), "lmgate-insight-"));
const ledgerPath = join(home, "stats.jsonl");
const settings: Pick<Settings, "store" | "stats"> = {
  stats: {
    outputPath: ledgerPath,
    flushIntervalMs: 10_000,
    rotateBytes: 100 * MEGABYTE,
    fileMode: 0o640,
    durability: "relaxed",
  },
  store: {
    enabled: true,
    path: join(home, "store"),
    memoryMegabytes: 1024,
    threads: 2,
    retentionDays: undefined,
    retentionBytes: undefined,
  },
};

const info = (text: string): boolean => process.stderr.write(`${text}\n`);

try {
  mkdirSync(home, { recursive: true });
  if (!existsSync(ledgerPath)) {
    info(`writing ${records.toLocaleString("en-US")} records`);
    await writeManyRecordsInParallel(home, records);
  }
  const built = await build();
  const panels = await measurePanels();
  const stats = runStats();
  const relay = await measureRelay({ mainFile: mainFile(), seconds: Number(values.seconds), openReader });
  const text = report({ built, panels, stats, relay });
  process.stdout.write(`${text}\n`);
  if (!values["no-document"]) updateDocument(text);
} finally {
  if (values.directory === undefined) rmSync(home, { recursive: true, force: true });
}

interface BuildResult {
  readonly seconds: number | undefined;
  readonly records: number;
  readonly bytes: number;
  readonly ledgerBytes: number;
}

async function build(): Promise<BuildResult> {
  const exists = existsSync(join(home, "store", "manifest.json"));
  const offline = await openStore({ settings, now: Date.now });
  const { store } = offline;
  const started = performance.now();
  try {
    if (!exists) info("building the store");
    await store.refresh({ compactAt: 64 * MEGABYTE });
    await store.compact();
    const { parts } = store.manifest;
    return {
      seconds: exists ? undefined : (performance.now() - started) / 1000,
      records: parts.reduce((sum, part) => sum + part.records, 0),
      bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
      ledgerBytes: store.files.reduce((sum, { path }) => sum + statSync(path).size, 0),
    };
  } finally {
    await offline.close();
  }
}

interface PanelTimes {
  readonly name: string;
  readonly p50: number;
  readonly p95: number;
}

function startStore(): { readonly store: StoreClient; readonly reader: StoreReader } {
  const silent = (): void => undefined;
  const log = {
    info: silent,
    warn: (facts: object, text: string) => void info(`${text} ${JSON.stringify(facts)}`),
    error: silent,
  };
  const store = new StoreClient({ settings: { ...settings.store, path: join(home, "store") }, ledgerPath, log });
  return { store, reader: remoteReader(store) };
}

function openReader(): { readonly reader: StoreReader; readonly close: () => void } {
  const { store, reader } = startStore();
  return { reader, close: () => store.stop() };
}

async function measurePanels(): Promise<{
  readonly panelTimes: readonly PanelTimes[];
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}> {
  const { store, reader } = startStore();
  try {
    const panelTimes: PanelTimes[] = [];
    for (const { name, run } of PANELS) {
      const times: number[] = [];
      // The first run is not counted: it opens files and loads data into memory.
      await run(reader);
      await waitUntilIdle(store.pid);
      for (let round = 0; round < Number(values.rounds); round += 1) {
        const started = performance.now();
        await run(reader);
        times.push(performance.now() - started);
      }
      panelTimes.push({ name, p50: percentile(times, 50), p95: percentile(times, 95) });
      info(`${panelTimes.at(-1)?.p95.toFixed(0).padStart(6)} ms  ${name}`);
    }
    const status = readFileSync(`/proc/${store.pid}/status`, "utf8");
    const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    return { panelTimes, residentMegabytes: kilobytes("VmRSS") / 1024, peakMegabytes: kilobytes("VmHWM") / 1024 };
  } finally {
    store.stop();
  }
}

/** Resolves when a process is idle. */
async function waitUntilIdle(pid: number | undefined): Promise<void> {
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  let before = -Infinity;
  for (let poll = 0; poll < MAX_POLLS && ticks() - before > IDLE_TICKS; poll += 1) {
    before = ticks();
    await setTimeout(500);
  }
}

/** Median seconds of the command without a gateway; `undefined` if it fails. */
function runStats(): number | undefined {
  writeFileSync(
    join(home, "stats.yaml"),
    insightConfiguration(`stats: { output_path: ${ledgerPath} }`, join(home, "store")),
  );
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    const { status } = spawnSync(process.execPath, [mainFile(), "stats", "--since", "7d", "--config", "stats.yaml"], {
      cwd: home,
    });
    if (status !== 0) return undefined;
    times.push((performance.now() - started) / 1000);
  }
  return percentile(times, 50);
}

function mainFile(): string {
  const built = join(ROOT, "dist/src/cli/main.js");
  return existsSync(built) && !values.source ? built : join(ROOT, "src/cli/main.ts");
}

function report(figures: {
  readonly built: BuildResult;
  readonly panels: Awaited<ReturnType<typeof measurePanels>>;
  readonly stats: number | undefined;
  readonly relay: RelayTimes;
}): string {
  const { built, panels, stats, relay } = figures;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  const table = markdownTable([
    ["Panel", "p50 ms", "p95 ms"],
    ...panels.panelTimes.map(({ name, p50, p95 }) => [name, ms(p50), ms(p95)]),
  ]);
  const parts = [
    ["p50", 50],
    ["p99", 99],
  ] as const;
  const relayed = markdownTable([
    ["Forwarded requests, 200 per second", ...parts.map(([name]) => `${name} ms`)],
    ["without queries", ...parts.map(([, percent]) => percentile(relay.idle, percent).toFixed(2))],
    ["during the heaviest query", ...parts.map(([, percent]) => percentile(relay.during, percent).toFixed(2))],
  ]);
  const took = built.seconds === undefined ? "" : `, built in ${built.seconds.toFixed(0)} s`;
  return `${built.records.toLocaleString("en-US")} records over 90 days: ${gigabytes(built.ledgerBytes)} of ledger, ${gigabytes(built.bytes)} of Parquet${took}.
${cpus().length} processors, Node.js ${process.versions.node}, DuckDB with 2 threads and at most 1,024 MB. The store's process used
${panels.residentMegabytes.toFixed(0)} MB (at most ${panels.peakMegabytes.toFixed(0)} MB). \`lmgate stats --since 7d\` takes ${stats === undefined ? "– (it failed)" : `${stats.toFixed(2)} s`}
in all. The query of each panel ran ${values.rounds} times after a first run that loaded its data.

${table}

The heaviest query: ${HEAVIEST.name}.

${relayed}`;
}

function updateDocument(text: string): void {
  const document = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = MARKERS;
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} lacks the markers for the results`);
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
