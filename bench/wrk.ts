import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Load {
  readonly url: string;
  readonly directory: string;
  readonly connections: number;
  readonly seconds: number;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Answers that were no 2xx or 3xx, and connections that failed. */
  readonly errors: number;
}

/** One run of wrk against one address. */
export async function runWrk(load: Load): Promise<LoadResult> {
  const script = join(load.directory, "load.lua");
  const headers = Object.entries(load.headers).map(
    ([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`,
  );
  writeFileSync(
    script,
    `wrk.method = ${quoted(load.method)}
${headers.join("\n")}
wrk.body = ${quoted(load.body)}
done = function(summary)
  local e = summary.errors
  io.write(string.format("@@ %d %d %d\\n", summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
`,
  );
  const { stdout } = await promisify(execFile)("wrk", [
    "-t1",
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    "-s",
    script,
    load.url,
  ]);
  const [, requests, microseconds, errors] = /@@ (\d+) (\d+) (\d+)/.exec(stdout) ?? [];
  if (requests === undefined) throw new Error(`wrk said nothing countable:\n${stdout}`);
  return {
    requests: Number(requests),
    requestsPerSecond: Number(requests) / (Number(microseconds) / 1e6),
    errors: Number(errors),
  };
}

function quoted(text: string): string {
  return JSON.stringify(text); // Lua reads these escapes the same way
}
