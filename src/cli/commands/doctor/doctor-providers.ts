import { lookup } from "node:dns/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { errorCode } from "../../../core/errno.ts";
import type { Provider } from "../../../core/settings.ts";
import { failure, ok, warning, type Check } from "./doctor-check.ts";

const TIMEOUT_MS = 5_000;
const MOST_SKEW_MS = 30_000;

/** Asks each provider for its front page, without any key: name, connection, certificate and clock. */
export async function providerChecks(providers: readonly Provider[]): Promise<readonly Check[]> {
  return (await Promise.all(providers.map(checkProvider))).flat();
}

async function checkProvider({ name, upstream }: Provider): Promise<readonly Check[]> {
  const title = `Provider ${name}`;
  const began = performance.now();
  try {
    await lookup(upstream.host.replace(/^\[|\]$/g, ""));
  } catch (error) {
    return [
      failure(
        title,
        `${upstream.host} has no address (${codeOf(error)})`,
        "Look at the name and at this machine's DNS.",
      ),
    ];
  }
  try {
    const date = await head(upstream);
    const milliseconds = Math.round(performance.now() - began);
    return [ok(title, `${upstream.authority} answers in ${milliseconds} ms`), ...clockCheck(name, date)];
  } catch (error) {
    const remedy = upstream.secure
      ? "Look at firewalls and proxies; a certificate that is not trusted needs NODE_EXTRA_CA_CERTS."
      : "Look at whether the server runs, and at firewalls.";
    return [failure(title, `${upstream.authority}: ${codeOf(error)}`, remedy)];
  }
}

function head({ secure, host, port, pathPrefix }: Provider["upstream"]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const send = secure ? httpsRequest : httpRequest;
    const sent = send({
      host: host.replace(/^\[|\]$/g, ""),
      port,
      path: `${pathPrefix}/`,
      method: "HEAD",
      agent: false,
      timeout: TIMEOUT_MS,
    });
    sent.on("response", (response) => {
      response.resume();
      resolve(response.headers.date);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
    sent.on("error", reject);
    sent.end();
  });
}

/** Records carry this machine's time, keys end by it, and certificates are judged by it. */
function clockCheck(name: string, date: string | undefined): readonly Check[] {
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return [];
  const skew = Date.now() - theirs;
  if (Math.abs(skew) <= MOST_SKEW_MS) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  return [
    warning("Clock", `${seconds} s ${skew > 0 ? "ahead of" : "behind"} ${name}'s`, "Let NTP set this machine's clock."),
  ];
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return errorCode(error) ?? error.message;
}
