import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parseExchange, type Exchange } from "./exchange.ts";

const END = ".http";

export interface CorpusFile {
  /** `dialect/name`. */
  readonly name: string;
  readonly text: string;
  /** With the first id there is; `withId` gives it another. */
  readonly exchange: Exchange;
}

/** Every file of the corpus, in the order of their names. */
export function loadCorpus(): readonly CorpusFile[] {
  const dialects = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return dialects
    .map(({ name }) => name)
    .toSorted()
    .flatMap((dialect) => filesOf(dialect));
}

function filesOf(dialect: string): readonly CorpusFile[] {
  const names = readdirSync(join(import.meta.dirname, dialect)).filter((file) => file.endsWith(END));
  return names.toSorted().map((file) => {
    const name = `${dialect}/${file.slice(0, -END.length)}`;
    const text = readFileSync(join(import.meta.dirname, dialect, file), "utf8");
    return { name, text, exchange: parseExchange(name, text, idOf(0)) };
  });
}

/** The same exchange with other ids in the place of `{{id}}`, so that an answer played twice is not the same answer. */
export function withId({ name, text }: CorpusFile, number: number): Exchange {
  return parseExchange(name, text, idOf(number));
}

/** All of one length, so that what is cut is cut at the same places. */
function idOf(number: number): string {
  return String(number).padStart(6, "0");
}
