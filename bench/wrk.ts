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
  /** Responses other than 2xx and 3xx, and failed connections. */
  readonly errors: number;
}

/** Timeout of a response, and the extra time that a run may take. */
const RESPONSE_SECONDS = 10;

/** Runs wrk once against one URL. */
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
    ["-t1", `-c${load.connections}`, `-d${load.seconds}s`, "--timeout", `${RESPONSE_SECONDS}s`, "-s", script, load.url],
    { timeout: (load.seconds + RESPONSE_SECONDS) * 1000 },
  );
  const [, requests, microseconds, errors] = /@@ (\d+) (\d+) (\d+)/.exec(stdout) ?? [];
  if (requests === undefined) throw new Error(`unexpected output of wrk:\n${stdout}`);
  return {
    requests: Number(requests),
    requestsPerSecond: Number(requests) / (Number(microseconds) / 1e6),
    errors: Number(errors),
  };
}

function quoted(text: string): string {
  return JSON.stringify(text); // Lua reads these escapes the same way
}
