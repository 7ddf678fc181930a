import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { errorCode } from "../../../core/errno.ts";
import { UPSTREAM_ERRORS, upstreamErrorCode } from "../../../core/request/upstream-error-code.ts";
import type { Provider } from "../../../core/provider.ts";
import { failure, ok, warning, type Check } from "./doctor-check.ts";

const TIMEOUT_MS = 5_000;
/** Unlike the gateway, Node.js tries one address after the other. */
const ATTEMPT_MS = 2_000;
const MAX_SKEW_MS = 30_000;

/** Sends a HEAD request without a key to each provider: checks DNS, connection, certificate and clock. */
export async function providerChecks(providers: readonly Provider[]): Promise<readonly Check[]> {
  return (await Promise.all(providers.map(checkProvider))).flat();
}

async function checkProvider({ name, upstream }: Provider): Promise<readonly Check[]> {
  const title = `Provider ${name}`;
  const startedAt = performance.now();
  try {
    await lookup(upstream.host.replace(/^\[|\]$/g, ""));
  } catch (error) {
    return [providerFailure(title, `cannot resolve ${upstream.host}`, upstream.secure, error)];
  }
  try {
    const date = await head(upstream);
    const milliseconds = Math.round(performance.now() - startedAt);
    return [ok(title, `${upstream.authority} responds in ${milliseconds} ms`), ...clockCheck(name, date)];
  } catch (error) {
    return [providerFailure(title, upstream.authority, upstream.secure, error)];
  }
}

/** The reason has the name that a failed request has in its record, `error_code`. */
function providerFailure(title: string, where: string, secure: boolean, error: unknown): Check {
  const code = upstreamErrorCode(error);
  if (code !== undefined) {
    const { meaning, remedy } = UPSTREAM_ERRORS[code];
    return failure(title, `${where}: ${code}: ${meaning} (${codeOf(error)})`, remedy);
  }
  const remedy = secure
    ? "Check firewalls and proxies. For a private certificate authority set NODE_EXTRA_CA_CERTS."
    : "Check that the server is running, and firewalls.";
  return failure(title, `${where}: ${codeOf(error)}`, remedy);
}

function head({ secure, host, port, pathPrefix }: Provider["upstream"]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const patient = { autoSelectFamilyAttemptTimeout: ATTEMPT_MS };
    const send = secure ? httpsRequest : httpRequest;
    const request = send({
      host: host.replace(/^\[|\]$/g, ""),
      port,
      path: `${pathPrefix}/`,
      method: "HEAD",
      // As the gateway, it speaks only HTTP/1.1 and is patient with a slow address.
      agent: secure ? new HttpsAgent({ ...patient, ALPNProtocols: ["http/1.1"] }) : new HttpAgent(patient),
      timeout: TIMEOUT_MS,
    });
    request.on("response", (response) => {
      response.resume();
      resolve(response.headers.date);
    });
    request.on("timeout", () => request.destroy(new Error(`no response in ${TIMEOUT_MS / 1000} s`)));
    request.on("error", reject);
    request.end();
  });
}

/** Timestamps of records, expiry of keys and validity of certificates all depend on this machine's clock. */
function clockCheck(name: string, date: string | undefined): readonly Check[] {
  const providerTime = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(providerTime)) return [];
  const skew = Date.now() - providerTime;
  if (Math.abs(skew) <= MAX_SKEW_MS) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  return [
    warning(
      "Clock",
      `${seconds} s ${skew > 0 ? "ahead of" : "behind"} ${name}'s`,
      "Synchronize this machine's clock with NTP.",
    ),
  ];
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return errorCode(error) ?? error.message;
}
