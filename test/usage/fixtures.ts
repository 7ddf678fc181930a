import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reading } from "../../src/core/usage.ts";
import { CallObserver, type Ending } from "../../src/usage/observer.ts";
import { framesOf } from "./event-stream-frames.ts";

/**
 * A body as a provider sent it, `NAME.sse` or `NAME.body`, or an AWS event stream written down as `NAME.frames`, and beside it
 * `NAME.expected.json`: the call it answered and what must be read of it. Members of the reading that are unknown are left out there; `raw` is compared only where it is given.
 */
export interface Fixture {
  readonly name: string;
  readonly isStream: boolean;
  readonly body: Buffer;
  readonly call: FixtureCall;
  readonly reading: Readonly<Record<string, unknown>>;
}

export interface FixtureCall {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly request?: unknown;
  readonly exclusiveReasoning?: boolean;
  readonly status?: number;
  readonly contentType: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ending?: Ending;
}

export function loadFixtures(): readonly Fixture[] {
  const root = join(import.meta.dirname, "..", "fixtures");
  const fixtures: Fixture[] = [];
  const providers = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const provider of providers.map(({ name }) => name).toSorted()) {
    const files = readdirSync(join(root, provider)).toSorted();
    for (const file of files) {
      if (!file.endsWith(".expected.json")) continue;
      const name = file.slice(0, -".expected.json".length);
      const bodyFile =
        [".sse", ".frames"].map((end) => name + end).find((end) => files.includes(end)) ?? `${name}.body`;
      // Reason for the cast: our own files, whose shape the comparison below checks.
      const expected = JSON.parse(readFileSync(join(root, provider, file), "utf8")) as Pick<
        Fixture,
        "call" | "reading"
      >;
      const written = readFileSync(join(root, provider, bodyFile));
      const body = bodyFile.endsWith(".frames") ? framesOf(written.toString()) : written;
      fixtures.push({ name: `${provider}/${name}`, isStream: bodyFile.endsWith(".sse"), body, ...expected });
    }
  }
  return fixtures;
}

/** The reading of the fixture's exchange, its response delivered in the given pieces. */
export function observe(call: FixtureCall, pieces: Iterable<Buffer>, contentEncoding?: string): Reading {
  const observer = new CallObserver(
    {
      method: call.method ?? "POST",
      path: call.path,
      query: call.query ?? "",
      exclusiveReasoning: call.exclusiveReasoning ?? false,
      upgrade: false,
      contentType: "application/json",
      contentEncoding: undefined,
    },
    () => 1,
  );
  if (call.request !== undefined) observer.requestBytes(Buffer.from(JSON.stringify(call.request)));
  observer.responseHead({
    status: call.status ?? 200,
    contentType: call.contentType ?? undefined,
    contentEncoding,
    hasBody: true,
    header: (name) => call.headers?.[name],
  });
  for (const piece of pieces) observer.responseBytes(piece);

  let result: Reading | undefined;
  observer.finish(call.ending ?? "complete", (reading) => (result = reading));
  if (result === undefined) throw new Error("the observer did not finish at once");
  return result;
}

/** The reading as plain data: what is unknown left out, the usage as sent only if asked for. */
export function plainly(reading: Reading, withRaw = false): Record<string, unknown> {
  const usage = reading.usage === undefined || withRaw ? reading.usage : { ...reading.usage, raw: undefined };
  return JSON.parse(JSON.stringify({ ...reading, usage })) as Record<string, unknown>; // Reason: plain data by construction.
}
