// `npm run fuzz -- --seconds N [--seed S] [--target NAME]` mutates requests, responses and chunked bodies at random. It
// compares the codec with llhttp, and checks a running gateway against its guarantees. A finding is shrunk and printed with
// its round; `--seed` starts with that round.
import { parseArgs, styleText } from "node:util";

import { textTable } from "../src/cli/output/text-table.ts";
import { chunkCodec, requestCodec, responseCodec } from "../test/attack/fuzz/codec.ts";
import { fuzz, Outcomes, type Finding, type Rounds } from "../test/attack/fuzz/fuzz.ts";
import { startGatewayFuzz } from "../test/attack/fuzz/gateway.ts";
import { CODEC_TARGETS, GATEWAY_TARGETS, TARGETS, type TargetName } from "../test/attack/fuzz/target.ts";

const MAX_FINDINGS = 5;
/** Each kind of target runs alone for this long. */
const TURN_MS = 5_000;
const LANES = 64;
const EXIT_USAGE = 2;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    target: { type: "string" },
    cases: { type: "string" },
  },
});
const target = TARGETS.find((name) => name === values.target);
const [seconds, firstSeed, maxCases] = [values.seconds, values.seed, values.cases ?? "Infinity"].map(Number);
if (seconds === undefined || firstSeed === undefined || maxCases === undefined || !usable()) {
  process.stderr.write(`fuzz: --seconds, --seed and --cases are numbers, --target is one of ${TARGETS.join(", ")}\n`);
  process.exit(EXIT_USAGE);
}

const started = performance.now();
const until = started + seconds * 1000;
const counts = new Outcomes();
let seed = firstSeed;
const isRunning = (): boolean =>
  performance.now() < until && counts.findings.length < MAX_FINDINGS && seed - firstSeed < maxCases;

const ticker = setInterval(() => {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${progress()}`);
}, 1000);
while (isRunning()) {
  if (wants(CODEC_TARGETS)) await codecTurn();
  if (wants(GATEWAY_TARGETS)) await gatewayTurn();
}
clearInterval(ticker);
if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
report();

async function codecTurn(): Promise<void> {
  const targets = [requestCodec, responseCodec, chunkCodec].filter(
    ({ name }) => target === undefined || name === target,
  );
  const turns = targets.map((each, at) => fuzz(each, rounds(), counts).catch((error: unknown) => fail(error, at)));
  await Promise.all(turns);
}

/** Uses a new gateway for each turn, whose state is checked at the end of the turn. */
async function gatewayTurn(): Promise<void> {
  if (!isRunning()) return;
  const field = await startGatewayFuzz(LANES);
  const lanes = field.lanes.filter(({ name }) => target === undefined || name === target);
  const turn = rounds();
  await Promise.all(lanes.map((lane) => fuzz(lane, turn, counts)));
  await field.close().catch((error: unknown) => fail(error, 0));
}

function rounds(): Rounds {
  const end = performance.now() + TURN_MS;
  return { next: () => seed++, continues: () => performance.now() < end && isRunning() };
}

function fail(error: unknown, at: number): void {
  const message = error instanceof Error ? error.message : String(error);
  counts.findings.push({ target: target ?? GATEWAY_TARGETS[at] ?? "requests", seed, message, bytes: "" });
}

function wants(names: readonly TargetName[]): boolean {
  return isRunning() && (target === undefined || names.includes(target));
}

function usable(): boolean {
  const numbers = [Number(values.seconds), Number(values.seed), Number(values.cases ?? 1)];
  return numbers.every((number) => number >= 0) && (values.target === undefined || target !== undefined);
}

function progress(): string {
  const { total, outcomes, findings } = counts;
  const elapsed = (performance.now() - started) / 1000;
  const rate = Math.round(total / elapsed).toLocaleString("en");
  return `${elapsed.toFixed(0)} s  ${total.toLocaleString("en")} cases, ${rate}/s, ${outcomes.size} outcomes, ${findings.length} findings`;
}

function report(): void {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const rows = TARGETS.filter((name) => counts.cases.has(name)).map((name) => [
    name,
    (counts.cases.get(name) ?? 0).toLocaleString("en"),
    String([...counts.outcomes].filter((outcome) => outcome.startsWith(`${name}: `)).length),
    String(counts.findings.filter((finding) => finding.target === name).length),
  ]);
  const columns = ["target", "cases", "outcomes", "findings"].map((heading, at) => ({
    heading,
    align: at === 0 ? ("left" as const) : ("right" as const),
  }));
  for (const line of textTable(columns, rows)) print(line);
  print(`${progress()}; seeds ${firstSeed} to ${seed - 1}`);
  for (const finding of counts.findings) print(describe(finding));
  if (counts.findings.length > 0) process.exitCode = 1;
}

function describe(finding: Finding): string {
  const mark = styleText("red", "✖", { stream: process.stdout });
  return `
${mark} ${finding.target}, seed ${finding.seed}: ${finding.message.slice(0, 2000)}
  bytes: ${literal(finding.bytes)}
  again: npm run fuzz -- --target ${finding.target} --seed ${finding.seed} --cases 1`;
}

/** Formats bytes for a test: bytes other than printable ASCII as \\xNN. */
function literal(bytes: string): string {
  return JSON.stringify(bytes).replace(
    /\\u00([0-9a-f]{2})|[\x7f-\xff]/g,
    (character, hex?: string) => `\\x${hex ?? character.charCodeAt(0).toString(16)}`,
  );
}
