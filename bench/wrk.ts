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

/** How long one answer may take, and how much longer than told a run may. */
const ANSWER_SECONDS = 10;

/** One run of wrk against one address. */
export async function runWrk(load: Load): Promise<LoadResult> {
  const script = join(load.directory, "load.lua");
  const body = join(load.directory, "load.body");
  const headers = Object.entries(load.headers).map(
    ([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`,
  );
  writeFileSync(body, load.body);
  writeFileSync(
    script,
    `wrk.method = ${quoted(load.method)}
${headers.join("\n")}
local file = io.open(${quoted(body)}, "rb")
wrk.body = file:read("*a")
file:close()
done = function(summary)
  local e = summary.errors
  io.write(string.format("@@ %d %d %d\\n", summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
`,
  );
  const { stdout } = await promisify(execFile)(
    "wrk",
    ["-t1", `-c${load.connections}`, `-d${load.seconds}s`, "--timeout", `${ANSWER_SECONDS}s`, "-s", script, load.url],
    { timeout: (load.seconds + ANSWER_SECONDS) * 1000 },
  );
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
