import type { RequestVerifier } from "./request-verifier.ts";
import { rssGrowthPerTenMinutes, type Sample } from "./samples.ts";

const MEGABYTE = 1024 * 1024;
/** Additional open files that are not a leak: the sampler's connection, a cached DNS lookup. */
export const FILES_TOLERANCE = 8;
/** In a shorter run warm-up and noise are larger than the slope. */
const MIN_SLOPE_SECONDS = 1_200;
const WARM_UP_SECONDS = 600;
const MAX_GROWTH = 0.01;

type Process = Pick<Sample, "rssBytes" | "files" | "cpuSeconds">;

export type Run =
  | { readonly kind: "mixed"; readonly maximum: number; readonly perSecond: number; readonly steadyFrom: number }
  | {
      readonly kind: "streams";
      readonly requested: number;
      readonly streams: number;
      /** Number of streams that were open when `open` was measured. */
      readonly openStreams: number;
      readonly open: Process;
      readonly reason: string | undefined;
    };

interface SoakResult {
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly verifier: RequestVerifier;
  readonly before: Process;
  readonly after: Sample;
  readonly late: number;
  readonly exitCode: number | null;
  readonly output: { readonly stdout: string; readonly stderr: string };
}

export interface Report {
  readonly text: string;
  readonly passed: boolean;
  readonly json: object;
}

export function reportOf(run: Run & SoakResult): Report {
  const problems = problemsOf(run);
  const rows = [...loadRows(run), ...processRows(run)];
  const passed = problems.length === 0;
  const table = rows.map(([what, figure]) => `| ${what} | ${figure} |`).join("\n");
  const summary = passed
    ? "Passed: every byte and every record is correct."
    : problems.map((problem) => `✖ ${problem}`).join("\n");
  const text = `\n| Figure | Value |\n| --- | --- |\n${table}\n\n${summary}\n`;
  const { samples, seconds } = run;
  return { text, passed, json: { passed, seconds, figures: Object.fromEntries(rows), problems, samples } };
}

function problemsOf(run: Run & SoakResult): readonly string[] {
  const { verifier, before, after, exitCode, output, samples } = run;
  const problems = [...verifier.violations];
  if (verifier.violationCount > problems.length) problems.push(`and ${verifier.violationCount - problems.length} more`);
  if (after.files > before.files + FILES_TOLERANCE)
    problems.push(`${after.files} open files at the end, ${before.files} at the start`);
  if (after.activeRequests !== 0) problems.push(`${after.activeRequests} requests are counted as active at the end`);
  const failedSamples = samples.filter((sample) => sample.healthMs === undefined || sample.lagMs === undefined).length;
  if (failedSamples > 0)
    problems.push(`${failedSamples} of ${samples.length} samples got no response from /healthz or /metrics`);
  if (exitCode !== 0) problems.push(`the gateway ended with ${exitCode}`);
  if (output.stderr !== "") problems.push(`the gateway wrote to stderr: ${output.stderr.slice(0, 2_000)}`);
  const errors = output.stdout.split("\n").filter((line) => line.includes('"level":"error"'));
  if (errors.length > 0) problems.push(`${errors.length} errors were logged, the first: ${errors[0]}`);
  if (run.kind === "mixed" && run.seconds >= MIN_SLOPE_SECONDS) {
    const growth = growthOf(run);
    if (growth === undefined || growth > MAX_GROWTH) problems.push(`RSS grows by ${percent(growth)} in ten minutes`);
  }
  return problems;
}

function growthOf({ samples, seconds }: SoakResult): number | undefined {
  const from = Math.min(WARM_UP_SECONDS, seconds / 2);
  return rssGrowthPerTenMinutes(samples.filter((sample) => sample.seconds >= from));
}

type Row = readonly [string, string];

function loadRows(run: Run & SoakResult): readonly Row[] {
  const { verifier } = run;
  const requests = [...verifier.verified.values()].reduce((total, count) => total + count, 0);
  const kinds = [...verifier.verified].map(([kind, count]) => `${kind} ${count}`).join(", ");
  const rows: Row[] = [
    ["requests", `${requests} (${kinds})`],
    ["body bytes compared", `${(verifier.bodyBytes / MEGABYTE).toFixed(1)} MB`],
    ["requests, bytes or records that were wrong or missing", String(verifier.violationCount)],
  ];
  if (run.kind === "mixed") {
    rows.push(["requests/s at full speed, everything on this machine", run.maximum.toFixed(0)]);
    rows.push([
      "requests/s sustained",
      `${run.perSecond.toFixed(0)} for ${(run.seconds - run.steadyFrom).toFixed(0)} s`,
    ]);
    if (run.late > 0) rows.push(["requests started late because no client was free", String(run.late)]);
    return rows;
  }
  const { open, before, openStreams, streams } = run;
  const slow = openStreams < streams ? "; the machine was too slow for the rest, use more --seconds" : "";
  rows.push(["streams open at the same time", `${openStreams} of ${run.requested} requested${slow}`]);
  if (run.reason !== undefined) rows.push(["reason for fewer streams", run.reason]);
  rows.push(["RSS with all of them open", `${megabytes(open.rssBytes)} (${megabytes(before.rssBytes)} before)`]);
  rows.push(["RSS per stream", `${((open.rssBytes - before.rssBytes) / 1_024 / openStreams).toFixed(1)} KB`]);
  return rows;
}

function processRows(run: Run & SoakResult): readonly Row[] {
  const { samples, before, after } = run;
  const lags = samples.flatMap((sample) => sample.lagMs ?? []).toSorted((a, b) => a - b);
  const health = samples.flatMap((sample) => sample.healthMs ?? []).toSorted((a, b) => a - b);
  const maximum = (of: (sample: Sample) => number): number => Math.max(...samples.map(of));
  const growth = growthOf(run);
  const isJudged = run.kind === "mixed" && run.seconds >= MIN_SLOPE_SECONDS;
  return [
    [
      "RSS: start, maximum, end",
      [before.rssBytes, maximum((s) => s.rssBytes), after.rssBytes].map(megabytes).join(", "),
    ],
    ["RSS slope after warm-up", `${percent(growth)} in ten minutes${isJudged ? "" : " (run too short to judge)"}`],
    ["open files: start, maximum, end", [before.files, maximum((s) => s.files), after.files].join(", ")],
    ["CPU of the gateway", `${(after.cpuSeconds - before.cpuSeconds).toFixed(1)} s`],
    [
      "event-loop lag, maximum of a sample: median, maximum",
      `${milliseconds(lags[lags.length >> 1])}, ${milliseconds(lags.at(-1))}`,
    ],
    ["/healthz: median, maximum", `${milliseconds(health[health.length >> 1])}, ${milliseconds(health.at(-1))}`],
  ];
}

function percent(share: number | undefined): string {
  return share === undefined ? "unknown" : `${(share * 100).toFixed(2)} %`;
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "unknown" : `${value.toFixed(1)} ms`;
}
