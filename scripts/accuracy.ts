// `npm run accuracy` sends the whole corpus through real gateways, compares the recorded tokens with those on the wire, and
// writes the tables into docs/accuracy.md. `-- openai.chat` uses only exchanges whose name contains the word, and writes
// nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "../bench/markdown-table.ts";
import { addCell, emptyCell, ratio, tabulate, type Cell } from "../test/corpus/accuracy.ts";
import { loadCorpus } from "../test/corpus/load.ts";
import { MODES } from "../test/corpus/modes.ts";
import { SESSION_MODES, type Result } from "../test/corpus/result.ts";
import { replaysOf, run } from "../test/corpus/runner.ts";
import { runSessions } from "../test/corpus/websocket-fixture.ts";

const FULL = { cuts: 24, leaves: 100, bytewise: 3_000 };
const SEED = 1;
const HEADINGS = ["Records", "Differing", "Input on the wire", "Recorded", "Output on the wire", "Recorded"];
const ALL_MODES: readonly string[] = [...MODES, ...SESSION_MODES];

const words = process.argv.slice(2);
const files = loadCorpus().filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const replays = files.flatMap((file, index) => replaysOf(file, FULL, SEED + index));
const sessions = files
  .filter(({ exchange }) => exchange.session)
  .flatMap((file) => SESSION_MODES.map((mode) => [file, mode] as const));
const results = [...(await run(replays)), ...(await runSessions(sessions))];

const failed = results.filter(({ failures }) => failures.length > 0);
const report = [dialectTable(results), "", modeTable(results)].join("\n");
console.log(report);
console.log(`\n${files.length} exchanges, ${results.length} records, ${failed.length} not as expected`);
for (const { what, failures } of failed.slice(0, 50)) console.log(`✖ ${what}: ${failures.join("; ")}`);
if (failed.length > 0) process.exitCode = 1;
else if (words.length === 0) writeReport();

function dialectTable(all: readonly Result[]): string {
  const rows = [...tabulate(all)].map(([dialect, cells]) => {
    const exchanges = files.filter(({ exchange }) => exchange.dialect === dialect).length;
    return [dialect, String(exchanges), ...figures(sumOf(cells.values()))];
  });
  const total = sumOf([...tabulate(all).values()].flatMap((cells) => [...cells.values()]));
  return markdownTable([
    ["Dialect", "Exchanges", ...HEADINGS],
    ...rows.toSorted(([a = ""], [b = ""]) => a.localeCompare(b)),
    ["all", String(files.length), ...figures(total)],
  ]);
}

function modeTable(all: readonly Result[]): string {
  const table = [...tabulate(all).values()];
  const rows = ALL_MODES.flatMap((mode) => {
    const cells = table.flatMap((row) => row.get(mode) ?? []);
    const exact = cells.filter((cell) => isExact(cell)).length;
    return cells.length === 0 ? [] : [[mode, `${exact} of ${cells.length}`, ...figures(sumOf(cells))]];
  });
  return markdownTable([["How the response arrived", "Dialects exact", ...HEADINGS], ...rows]);
}

function figures(cell: Cell): readonly string[] {
  const number = (value: number): string => value.toLocaleString("en-US");
  return [
    number(cell.variants),
    number(cell.differing),
    number(cell.wire.input),
    ratio(cell, "input"),
    number(cell.wire.output),
    ratio(cell, "output"),
  ];
}

function isExact(cell: Cell): boolean {
  return [ratio(cell, "input"), ratio(cell, "output")].every((text) => text === "1.000" || text === "none");
}

function sumOf(cells: Iterable<Cell>): Cell {
  const sum = emptyCell();
  for (const cell of cells) addCell(sum, cell);
  return sum;
}

function writeReport(): void {
  const path = join(import.meta.dirname, "..", "docs", "accuracy.md");
  const text = readFileSync(path, "utf8");
  const [before = "", rest = ""] = text.split("<!-- accuracy -->\n", 2);
  const after = text.slice(text.lastIndexOf("<!-- /accuracy -->"));
  if (rest === "" || after === "") throw new Error(`${path} lacks the markers for the tables`);
  writeFileSync(path, `${before}<!-- accuracy -->\n\n${report}\n\n${after}`);
}
