import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parseExchange, type Exchange } from "./exchange.ts";

const EXTENSION = ".http";

export interface CorpusFile {
  /** `dialect/name`. */
  readonly name: string;
  readonly text: string;
  /** Parsed with the id 0; `withId` parses it with another. */
  readonly exchange: Exchange;
}

/** Every file of the corpus, sorted by name. */
export function loadCorpus(): readonly CorpusFile[] {
  const dialects = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return dialects
    .map(({ name }) => name)
    .toSorted()
    .flatMap((dialect) => filesOf(dialect));
}

function filesOf(dialect: string): readonly CorpusFile[] {
  const names = readdirSync(join(import.meta.dirname, dialect)).filter((file) => file.endsWith(EXTENSION));
  return names.toSorted().map((file) => {
    const name = `${dialect}/${file.slice(0, -EXTENSION.length)}`;
    const text = readFileSync(join(import.meta.dirname, dialect, file), "utf8");
    return { name, text, exchange: parseExchange(name, text, idOf(0)) };
  });
}

/** The same exchange with another id, so that a response sent twice does not count as a replay. */
export function withId({ name, text }: CorpusFile, number: number): Exchange {
  return parseExchange(name, text, idOf(number));
}

/** All ids have the same length, so that the offsets in the file do not change. */
function idOf(number: number): string {
  return String(number).padStart(6, "0");
}
