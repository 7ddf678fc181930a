import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runNode } from "../../scripts/run-node.ts";
import { machine } from "./machine.ts";
import { plotsOf } from "./plots.ts";
import { PROXIES } from "./proxies.ts";
import { sectionsOf } from "./report.ts";
import type { Results } from "./results.ts";

/** Command, date and size of a run. */
export interface RunFacts {
  readonly command: string;
  readonly date: string;
  readonly rounds: number;
  readonly minutes: number;
  /** The load average at the start. */
  readonly load: number;
}

const SIGNIFICANT = 5;
const root = join(import.meta.dirname, "../..");

const BEGIN = "<!-- measured: from here on written by `npm run bench -- --out docs` -->";
const END = "<!-- measured: to here -->";

export function textOf(results: Results, facts: RunFacts): string {
  const [where = "", versions = ""] = machine(PROXIES);
  const sections = sectionsOf(results).map(({ heading, text, plot }) => {
    const picture = plot === undefined ? "" : `\n\n![${plot[1]}](benchmarks/${plot[0]}.svg)`;
    return `### ${heading}\n\n${text}${picture}`;
  });
  return [
    `Measured on ${facts.date} with \`${facts.command}\`, ${facts.rounds} rounds, ${facts.minutes} minutes in all; the load average was ${facts.load.toFixed(1)} at the start.`,
    `${where}.\n${versions}.`,
    ...sections,
  ].join("\n\n");
}

/** Writes the run into the document between the two markers; the rest is written by hand and is kept. */
export async function writeDocument(folder: string, results: Results, facts: RunFacts): Promise<void> {
  const path = resolve(folder, "benchmarks.md");
  const text = readFileSync(path, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin)
    throw new Error(`${path} lacks the markers of the measured section: "${BEGIN}" … "${END}"`);
  const plots = resolve(folder, "benchmarks");
  mkdirSync(plots, { recursive: true });
  for (const [name, svg] of plotsOf(results)) writeFileSync(join(plots, `${name}.svg`), svg);
  const short = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(SIGNIFICANT)) : value;
  writeFileSync(join(plots, "run.json"), JSON.stringify({ facts, ...results }, short, 2));
  writeFileSync(path, `${text.slice(0, begin)}${BEGIN}\n\n${textOf(results, facts)}\n\n${text.slice(end)}`);
  await runNode(["node_modules/oxfmt/bin/oxfmt", path, join(plots, "run.json")], { cwd: root, show: false });
}
