import type { Books } from "./expected-requests.ts";
import { rssGrowthPerTenMinutes, type Sample } from "./samples.ts";

const MEGABYTE = 1024 * 1024;
/** Open files more than at the start that are nobody's leak: the sampler's own connection, a kept look-up. */
export const FILES_SPARE = 8;
/** Below, warm-up and noise are larger than any slope that could be judged. */
const JUDGED_SECONDS = 1_200;
const WARM_UP_SECONDS = 600;
const MAX_GROWTH = 0.01;

type Process = Pick<Sample, "rssBytes" | "files" | "cpuSeconds">;

export type Run =
  | { readonly kind: "mixed"; readonly maximum: number; readonly perSecond: number; readonly steadyFrom: number }
  | {
      readonly kind: "streams";
      readonly asked: number;
      readonly streams: number;
      /** Open at the same time, when `open` was taken. */
      readonly openStreams: number;
      readonly open: Process;
      readonly why: string | undefined;
    };

interface Ended {
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly books: Books;
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

export function reportOf(run: Run & Ended): Report {
  const problems = problemsOf(run);
  const rows = [...aboutLoad(run), ...aboutProcess(run)];
  const passed = problems.length === 0;
  const table = rows.map(([what, figure]) => `| ${what} | ${figure} |`).join("\n");
  const verdict = passed
    ? "Nothing was lost, nothing was wrong."
    : problems.map((problem) => `✖ ${problem}`).join("\n");
  const text = `\n| Figure | Value |\n| --- | --- |\n${table}\n\n${verdict}\n`;
  const { samples, seconds } = run;
  return { text, passed, json: { passed, seconds, figures: Object.fromEntries(rows), problems, samples } };
}

function problemsOf(run: Run & Ended): readonly string[] {
  const { books, before, after, exitCode, output, samples } = run;
  const problems = [...books.violations];
  if (books.violationCount > problems.length) problems.push(`and ${books.violationCount - problems.length} more`);
  if (after.files > before.files + FILES_SPARE)
    problems.push(`${after.files} files are open, ${before.files} were before`);
  if (after.callsInFlight !== 0) problems.push(`${after.callsInFlight} calls are counted as under way at the end`);
  const unanswered = samples.filter((sample) => sample.healthMs === undefined || sample.lagMs === undefined).length;
  if (unanswered > 0)
    problems.push(`${unanswered} of ${samples.length} samples had no answer from /healthz or /metrics`);
  if (exitCode !== 0) problems.push(`the gateway ended with ${exitCode}`);
  if (output.stderr !== "") problems.push(`the gateway wrote to stderr: ${output.stderr.slice(0, 2_000)}`);
  const errors = output.stdout.split("\n").filter((line) => line.includes('"level":"error"'));
  if (errors.length > 0) problems.push(`${errors.length} errors were logged, the first: ${errors[0]}`);
  if (run.kind === "mixed" && run.seconds >= JUDGED_SECONDS) {
    const growth = growthOf(run);
    if (growth === undefined || growth > MAX_GROWTH) problems.push(`RSS grows by ${percent(growth)} in ten minutes`);
  }
  return problems;
}

function growthOf({ samples, seconds }: Ended): number | undefined {
  const from = Math.min(WARM_UP_SECONDS, seconds / 2);
  return rssGrowthPerTenMinutes(samples.filter((sample) => sample.seconds >= from));
}

type Row = readonly [string, string];

function aboutLoad(run: Run & Ended): readonly Row[] {
  const { books } = run;
  const calls = [...books.settled.values()].reduce((total, count) => total + count, 0);
  const kinds = [...books.settled].map(([kind, count]) => `${kind} ${count}`).join(", ");
  const rows: Row[] = [
    ["calls", `${calls} (${kinds})`],
    ["body bytes compared", `${(books.bodyBytes / MEGABYTE).toFixed(1)} MB`],
    ["calls, bytes or records that were wrong or missing", String(books.violationCount)],
  ];
  if (run.kind === "mixed") {
    rows.push(["calls/s at full speed, everything on this machine", run.maximum.toFixed(0)]);
    rows.push(["calls/s held", `${run.perSecond.toFixed(0)} for ${(run.seconds - run.steadyFrom).toFixed(0)} s`]);
    if (run.late > 0) rows.push(["calls begun late, for want of clients", String(run.late)]);
    return rows;
  }
  const { open, before, openStreams, streams } = run;
  const slow = openStreams < streams ? "; this machine was too slow for the others, take more --seconds" : "";
  rows.push(["streams open at the same time", `${openStreams} of ${run.asked} asked for${slow}`]);
  if (run.why !== undefined) rows.push(["why not more", run.why]);
  rows.push(["RSS with all of them open", `${megabytes(open.rssBytes)} (${megabytes(before.rssBytes)} before)`]);
  rows.push(["RSS per stream", `${((open.rssBytes - before.rssBytes) / 1_024 / openStreams).toFixed(1)} KB`]);
  return rows;
}

function aboutProcess(run: Run & Ended): readonly Row[] {
  const { samples, before, after } = run;
  const lags = samples.flatMap((sample) => sample.lagMs ?? []).toSorted((a, b) => a - b);
  const health = samples.flatMap((sample) => sample.healthMs ?? []).toSorted((a, b) => a - b);
  const most = (of: (sample: Sample) => number): number => Math.max(...samples.map(of));
  const growth = growthOf(run);
  const judged = run.kind === "mixed" && run.seconds >= JUDGED_SECONDS;
  return [
    [
      "RSS at the start, most, at the end",
      [before.rssBytes, most((s) => s.rssBytes), after.rssBytes].map(megabytes).join(", "),
    ],
    ["RSS slope after warm-up", `${percent(growth)} in ten minutes${judged ? "" : " (too short to be judged)"}`],
    ["open files at the start, most, at the end", [before.files, most((s) => s.files), after.files].join(", ")],
    ["CPU of the gateway", `${(after.cpuSeconds - before.cpuSeconds).toFixed(1)} s`],
    [
      "event-loop lag, worst of a sample: median, worst",
      `${milliseconds(lags[lags.length >> 1])}, ${milliseconds(lags.at(-1))}`,
    ],
    ["/healthz: median, worst", `${milliseconds(health[health.length >> 1])}, ${milliseconds(health.at(-1))}`],
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
