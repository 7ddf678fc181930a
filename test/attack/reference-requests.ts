// Raw requests that were sent to other proxies, with what those did: for tests of the codec, for tests of a running gateway,
// and for the table that compares LMGate with the other proxies.
/** Results of a plain `node:http` proxy (24.21), HAProxy 2.6, nginx 1.22, Caddy 2.6. F: forwarded; x: connection closed; -: nothing. */
const RESULTS = `
GET ok                           | 200 F      | 200 F      | 200 F      | 200 F
no Host                          | 400x       | 200 F      | 400x       | 400x
dup Host differ                  | 200 F      | 400x       | 400x       | 400x
Host with /#@                    | 200 F      | 200 F      | 400x       | 400x
Host empty                       | 200 F      | 200 F      | 400x       | 200 F
HTTP/1.0 no host                 | 200x F     | 200x F     | 200x F     | -x F
HTTP/0.9                         | -          | 400x       | -x F       | 400x
HTTP/1.2                         | 400x       | 200 F      | 200 F      | 200 F
HTTP/2.0 ver                     | 200x F     | 200 F      | 505x       | 505x
lowercase method                 | 400x       | 200 F      | 400x       | 200 F
absolute-form other host         | 200 F      | 400x       | 200 F      | 200 F
absolute-form @                  | 200 F      | 400x       | 400x       | 200 F
authority-ish //evil             | 200 F      | 200 F      | 200 F      | 200 F
path @evil                       | 200 F      | 200 F      | 200 F      | 200 F
no leading slash @               | 400x       | 400x       | 400x       | 400x
asterisk GET                     | 200 F      | 200 F      | 400x       | 200 F
OPTIONS *                        | 200 F      | 200 F      | 400x       | 200
CONNECT                          | -x         | 400x       | 400x       | 200 F
TRACE                            | 200 F      | 200 F      | 405x       | 200 F
unknown method                   | 400x       | 200 F      | 200 F      | 200 F
dot segments                     | 200 F      | 200 F      | 200 F      | 200 F
%2e%2e                           | 200 F      | 200 F      | 200 F      | 200 F
%2f..                            | 200 F      | 200 F      | 200 F      | 200 F
backslash                        | 200 F      | 200 F      | 200 F      | 200 F
dbl slash prefix                 | 200 F      | 200 F      | 200 F      | 200 F
fragment                         | 200 F      | 400x       | 200 F      | 200 F
%00                              | 200 F      | 200 F      | 400x       | 200 F
%0d%0a                           | 200 F      | 200 F      | 200 F      | 200 F
raw NUL in url                   | 400x       | 400x       | 400x       | 400x
space in url                     | 400x       | 400x       | 400x       | 400x
tab request line                 | 400x       | 200 F      | 400x       | 400x
raw utf8 url                     | 400x       | 400x       | 200 F      | 200 F
bare LF lines                    | 400x       | 200 F      | 200 F      | 200 F
bare CR in value                 | 400x       | 400x       | 400x       | 400x
obs-fold                         | 400x       | 200 F      | 400x       | 200 F
obs-fold TE                      | 400x       | 200 F      | 400x       | 200 F
sp before colon                  | 400x       | 400x       | 400x       | 400x
leading sp header                | 400x       | 200 F      | 400x       | 400x
NUL in value                     | 400x       | 200 F      | 400x       | 400x
ctl 0x07 in value                | 400x       | 200 F      | 200 F      | 400x
0x80 in value                    | 200 F      | 200 F      | 200 F      | 200 F
empty header name                | 400x       | 400x       | 400x       | 200 F
invalid name []                  | 400x       | 400x       | 200 F      | 400x
no colon                         | 400x       | 400x       | 200 F      | 400x
__proto__ header                 | 200 F      | 200 F      | 200 F      | 200 F
underscore CL                    | 200 F      | 200 F      | 200 F      | 200 F
dup CL same                      | 400x       | 200 F      | 400x       | 200 F
dup CL differ                    | 400x       | 400x       | 400x       | 400x
CL comma same                    | 400x       | 200 F      | 400x       | 400x
CL +5                            | 400x       | 400x       | 400x       | 400x
CL 0x5                           | 400x       | 400x       | 400x       | 400x
CL 005                           | 200 F      | 200 F      | 200 F      | 200 F
CL neg                           | 400x       | 400x       | 400x       | 400x
CL empty                         | 400x       | 400x       | 400x       | 200 F
CL overflow                      | 400x       | 400x       | 400x       | 400x
CL sp 1 0                        | 400x       | 400x       | 400x       | 400x
CL+TE                            | 400x       | 200x F     | 400x       | 200 F
TE+CL                            | 400x       | 200x F     | 400x       | 200 F
TE xchunked                      | 400x       | 400x       | 501x       | 501x
TE identity                      | 400x       | 400x       | 501x       | 501x
TE gzip, chunked                 | 200 F      | 422x       | 501x       | 501x
TE chunked, identity             | 400x       | 400x       | 501x       | 501x
TE chunked, chunked              | 400x       | 400x       | 501x       | 501x
TE two headers                   | 200 F      | 422x       | 400x       | 501x
TE vtab                          | 400x       | 400x       | 501x       | 501x
TE empty                         | 400x       | 400x       | 501x       | 501x
TE HTTP/1.0                      | 200x F     | 200x F     | 400x       | -x F
GET TE chunked                   | 200 F      | 200 F      | 200 F      | 200 F
chunk 0x5                        | 400x       | 400x       | 400x       | 502x
chunk +5                         | 400x       | 400x       | 400x       | 502x
chunk sp                         | 400x       | 200 F      | 200 F      | 200 F
chunk LF                         | 400x       | 200 F      | 200 F      | 502x
chunk ext                        | 200 F      | 200 F      | 200 F      | 200 F
chunk ext 20KB                   | 413x       | 400x       | 200 F      | 502x
chunk spill                      | 400x       | 400x       | 400x       | 502x
chunk size overflow              | 400x       | 400x       | 400x       | 502x
chunk neg                        | 400x       | 400x       | 400x       | 502x
trailer auth                     | 200 F      | -          | 200 F      | 200 F
Expect 100                       | 100,200 F  | 200 F      | 100,200 F  | 100,200 F
Expect other                     | 417        | 200 F      | 200 F      | 417x
Upgrade h2c                      | 200 F      | 200 F      | 200 F      | 200 F
Upgrade websocket                | 200 F      | 200 F      | 200 F      | 200 F
h2 preface                       | 400x       | -          | 400x       | 200x F
pipelined 2                      | 200,200 F  | 200,200 F  | 200,200 F  | 200,200 F
leading CRLF                     | 200 F      | 200 F      | 200 F      | 400x
garbage                          | 400x       | 400x       | 400x       | -
header 20KB                      | 431x       | 400x       | 400x       | 200 F
2500 tiny headers then X-Api-Key | 431x       | 400x       | 400x       | 200 F
2500 tiny then CL body           | 431x       | 400x       | 400x       | 200 F
url 20KB                         | 431x       | 400x       | 414x       | 200 F
dup auth                         | 200 F      | 200 F      | 400x       | 200 F
dup x-api-key                    | 200 F      | 200 F      | 200 F      | 200 F
Connection: x-api-key            | 200 F      | 200 F      | 200 F      | 200 F
GET CL body                      | 200 F      | 200 F      | 200 F      | 200 F
smuggled GET after CL0           | 200,200 F  | 200,200 F  | 200,200 F  | 200,200 F
\\r\\n\\rX                          | 400x       | 200,400x F | 200,400x F | 200,400x F
`;

const CR = "\r\n";
const HOST = "Host: a\r\n";
const many = "a: b\r\n".repeat(2500);

function get(fields = "", target = "/openai/v1/models", version = "HTTP/1.1"): string {
  return `GET ${target} ${version}\r\n${HOST}${fields}\r\n`;
}

function post(fields: string, body: string): string {
  return `POST /openai/v1/chat HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
}

function chunked(body: string): string {
  return post("Transfer-Encoding: chunked\r\n", body);
}

export const coded = (value: string): string => post(`Transfer-Encoding: ${value}\r\n`, "5\r\nhello\r\n0\r\n\r\n");
export const sized = (value: string): string => post(`Content-Length: ${value}\r\n`, "hello");

const REQUESTS: Readonly<Record<string, string>> = {
  "GET ok": get(),
  "no Host": "GET /openai/x HTTP/1.1\r\n\r\n",
  "dup Host differ": get("Host: b\r\n"),
  "Host with /#@": "GET /openai/x HTTP/1.1\r\nHost: localhost:4000/#@x\r\n\r\n",
  "Host empty": "GET /openai/x HTTP/1.1\r\nHost:\r\n\r\n",
  "HTTP/1.0 no host": "GET /openai/x HTTP/1.0\r\n\r\n",
  "HTTP/0.9": "GET /openai/x\r\n",
  "HTTP/1.2": get("", "/openai/x", "HTTP/1.2"),
  "HTTP/2.0 ver": get("", "/openai/x", "HTTP/2.0"),
  "lowercase method": get().replace("GET", "get"),
  "absolute-form other host": get("", "http://evil/openai/x"),
  "absolute-form @": get("", "http://api.openai.com@evil/openai/x"),
  "authority-ish //evil": get("", "//evil/openai/x"),
  "path @evil": get("", "/openai@evil/x"),
  "no leading slash @": get("", "@evil/openai/x"),
  "asterisk GET": get("", "*"),
  "OPTIONS *": get("", "*").replace("GET", "OPTIONS"),
  CONNECT: get("", "evil:443").replace("GET", "CONNECT"),
  TRACE: get().replace("GET", "TRACE"),
  "unknown method": get().replace("GET", "FOO"),
  "dot segments": get("", "/openai/../anthropic/x"),
  "%2e%2e": get("", "/openai/%2e%2e/anthropic/x"),
  "%2f..": get("", "/openai%2f../anthropic/x"),
  backslash: get("", "/openai/\\evil/x"),
  "dbl slash prefix": get("", "/openai//x"),
  fragment: get("", "/openai/x#y"),
  "%00": get("", "/openai/%00"),
  "%0d%0a": get("", "/openai/%0d%0aX:y"),
  "raw NUL in url": get("", "/openai/\0x"),
  "space in url": get("", "/openai/x y"),
  "tab request line": get().replace(" /", "\t/"),
  "raw utf8 url": get("", "/openai/\xc3\xa4"),
  "bare LF lines": get().replaceAll("\r\n", "\n"),
  "bare CR in value": get("X: a\rb\r\n"),
  "obs-fold": get("X: a\r\n b\r\n"),
  "obs-fold TE": post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
  "sp before colon": get("X : a\r\n"),
  "leading sp header": get().replace("Host", " X: y\r\nHost"),
  "NUL in value": get("X: a\0b\r\n"),
  "ctl 0x07 in value": get("X: a\x07b\r\n"),
  "0x80 in value": get("X: a\x80b\r\n"),
  "empty header name": get(": a\r\n"),
  "invalid name []": get("X[]: a\r\n"),
  "no colon": get("nonsense\r\n"),
  "__proto__ header": get("__proto__: a\r\n"),
  "underscore CL": get("Content_Length: 5\r\n"),
  "dup CL same": sized("5\r\nContent-Length: 5"),
  "dup CL differ": sized("5\r\nContent-Length: 6"),
  "CL comma same": sized("5, 5"),
  "CL +5": sized("+5"),
  "CL 0x5": sized("0x5"),
  "CL 005": sized("005"),
  "CL neg": sized("-5"),
  "CL empty": sized(""),
  "CL overflow": sized("18446744073709551621"),
  "CL sp 1 0": sized("1 0"),
  "CL+TE": post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
  "TE+CL": post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
  "TE xchunked": coded("xchunked"),
  "TE identity": coded("identity"),
  "TE gzip, chunked": coded("gzip, chunked"),
  "TE chunked, identity": coded("chunked, identity"),
  "TE chunked, chunked": coded("chunked, chunked"),
  "TE two headers": coded("gzip\r\nTransfer-Encoding: chunked"),
  "TE vtab": coded("\x0bchunked"),
  "TE empty": coded(""),
  "TE HTTP/1.0": coded("chunked").replace("HTTP/1.1", "HTTP/1.0"),
  "GET TE chunked": coded("chunked").replace("POST", "GET"),
  "chunk 0x5": chunked("0x5\r\nhello\r\n0\r\n\r\n"),
  "chunk +5": chunked("+5\r\nhello\r\n0\r\n\r\n"),
  "chunk sp": chunked("5 \r\nhello\r\n0\r\n\r\n"),
  "chunk LF": chunked("5\nhello\n0\n\n"),
  "chunk ext": chunked("5;a=b\r\nhello\r\n0\r\n\r\n"),
  "chunk ext 20KB": chunked(`5;${"a".repeat(20_000)}\r\nhello\r\n0\r\n\r\n`),
  "chunk spill": chunked("5\r\nhelloworld\r\n0\r\n\r\n"),
  "chunk size overflow": chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"),
  "chunk neg": chunked("-5\r\nhello\r\n0\r\n\r\n"),
  "trailer auth": chunked("5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\n\r\n"),
  "Expect 100": post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
  "Expect other": post("Expect: the-unexpected\r\nContent-Length: 5\r\n", "hello"),
  "Upgrade h2c": get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
  "Upgrade websocket": get(
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
  ),
  "h2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "pipelined 2": get() + get(),
  "leading CRLF": CR + get(),
  garbage: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
  "header 20KB": get(`X: ${"a".repeat(20_000)}\r\n`),
  "2500 tiny headers then X-Api-Key": get(`${many}X-Api-Key: k\r\n`),
  "2500 tiny then CL body": post(`${many}Content-Length: 5\r\n`, "hello"),
  "url 20KB": get("", `/openai/${"a".repeat(20_000)}`),
  "dup auth": get("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
  "dup x-api-key": get("X-Api-Key: a\r\nX-Api-Key: b\r\n"),
  "Connection: x-api-key": get("Connection: x-api-key\r\nX-Api-Key: a\r\n"),
  "GET CL body": sized("5").replace("POST", "GET"),
  "smuggled GET after CL0": post("Content-Length: 0\r\n", get("", "/smug")),
  "\\r\\n\\rX": `${get()}\r\n\rX`,
};

/** RFC 9112 §2.2 asks servers to skip an empty line before a request; Caddy does not. */
export const ALLOWED_BY_RFC: readonly string[] = ["leading CRLF"];

/** All others forward these. LMGate rejects them, because the provider would read something else than LMGate checked. */
const REJECTED_BY_LMGATE_ONLY: readonly string[] = ["dot segments", "%2e%2e", "%2f..", "backslash", "CL 005"];

/** What one proxy did with one request. */
export interface ProxyResult {
  /** In order, one for each response. */
  readonly statuses: readonly number[];
  /** The proxy closed the connection. */
  readonly closed: boolean;
  /** A part of it reached the upstream as a request. */
  readonly forwarded: boolean;
}

export const OTHERS = ["node", "haproxy", "nginx", "caddy"] as const;
export type Other = (typeof OTHERS)[number];

export interface ReferenceRequest {
  readonly name: string;
  /** Latin1 text, one character per byte. */
  readonly bytes: string;
  /** LMGate must reject it, because HAProxy, nginx, Caddy or Node.js's own parser does. */
  readonly rejected: boolean;
  /** As measured once. */
  readonly results: Readonly<Record<Other, ProxyResult>>;
}

export const REFERENCE_REQUESTS: readonly ReferenceRequest[] = RESULTS.trim()
  .split("\n")
  .map((line) => {
    const [name = "", ...cells] = line.split("|").map((cell) => cell.trim());
    const [node, haproxy, nginx, caddy] = cells.map((cell) => parseResult(cell));
    if (node === undefined || haproxy === undefined || nginx === undefined || caddy === undefined)
      throw new Error(`a verdict is missing for "${name}"`);
    const results = { node, haproxy, nginx, caddy };
    const strict = Object.values(results).some((result) => rejects(result)) || REJECTED_BY_LMGATE_ONLY.includes(name);
    return { name, bytes: REQUESTS[name] ?? "", rejected: strict && !ALLOWED_BY_RFC.includes(name), results };
  });

/** The names of all cases with bytes, to compare with those that have results. */
export const REFERENCE_NAMES: readonly string[] = Object.keys(REQUESTS);

/** The response was an error, and nothing was forwarded. */
export function rejects({ statuses, forwarded }: ProxyResult): boolean {
  return statuses.some((status) => status >= 400) && !forwarded;
}

/** `400x`, `200,400x F`, `-`: the notation of the table. */
export function formatResult({ statuses, closed, forwarded }: ProxyResult): string {
  return `${statuses.join(",") || "-"}${closed ? "x" : ""}${forwarded ? " F" : ""}`;
}

function parseResult(cell: string): ProxyResult {
  const statuses = (cell.match(/\d\d\d/g) ?? []).map(Number);
  return { statuses, closed: cell.includes("x"), forwarded: cell.includes("F") };
}
