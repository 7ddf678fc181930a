import { request } from "node:http";
import type { AdminSettings } from "../core/settings.ts";
import { readRegularFileSync } from "../policy/read-file.ts";

const TIMEOUT_MS = 10_000;
const MAX_TOKEN_BYTES = 4096;

/** Asks the running gateway to close the stats file it writes. What stood in the way; `undefined` when it did. */
export async function askToRotate({ host, port, tokenPath }: AdminSettings): Promise<string | undefined> {
  const token = readRegularFileSync(tokenPath, MAX_TOKEN_BYTES);
  if (!("bytes" in token)) return `${tokenPath}: ${token.message}`;
  const authorization = `Bearer ${token.bytes.toString("utf8").trim()}`;
  return await new Promise((resolve) => {
    const asked = request(
      {
        host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host,
        port,
        path: "/api/v1/ledger/rotate",
        method: "POST",
        headers: { authorization },
        agent: false,
        timeout: TIMEOUT_MS,
      },
      (response) => {
        response.resume();
        const { statusCode } = response;
        response.on("close", () => resolve(statusCode === 200 ? undefined : `its admin port answered ${statusCode}`));
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asked.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}
