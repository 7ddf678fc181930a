/** Keys that must appear nowhere, and the requests and files that bring them everywhere. */
import { request } from "../attack/attack-fixture.ts";
import { jsonResponse } from "../attack/recording-upstream.ts";

export const ALLOWED: readonly string[] = [
  "sk-proj-canaryA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6",
  "AIzaSyCanaryQ7w8E9r0T1y2U3i4O5p6A7s8D9f0G1h",
  "c0ffee11deadbeef22c0ffee33deadbeef",
  'odd+ca/na"ry\\key==%41&x=1;canary0123456789',
];
export const REJECTED: readonly string[] = [
  "sk-ant-api03-canaryZ9y8X7w6V5u4T3s2R1q0P9o8N7m6",
  "AIzaSyCanaryZ1x2C3v4B5n6M7a8S9d0F1g2H3j4K5l",
  "badc0de1badc0de2badc0de3badc0de4",
  'odd-ba/na"na\\key==%42&y=2;canary9876543210',
];
export const EXPIRED = "sk-canary-expired-Kk1Ll2Mm3Nn4Oo5Pp6Qq7";
export const DISABLED = "sk-canary-disabled-Rr1Ss2Tt3Uu4Vv5Ww6Xx7";
export const MISPLACED = "sk-canary-misplaced-Ab1Cd2Ef3Gh4Ij5Kl6Mn7";
export const MISPLACED_GOOGLE = "AIzaSyMisplacedCanary0123456789abcdefghij";
const BROKEN_LIST = "sk-canary-broken-list-Aa1Bb2Cc3Dd4Ee5Ff6Gg";
export const FOR_ADMIN = "sk-canary-admin-guess-Hh1Ii2Jj3Kk4Ll5Mm6";
export const CANARIES: readonly string[] = [
  ...ALLOWED,
  ...REJECTED,
  EXPIRED,
  DISABLED,
  MISPLACED,
  MISPLACED_GOOGLE,
  BROKEN_LIST,
  FOR_ADMIN,
];

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
export const ALLOWLIST = [
  "id,api_key,owner,added,disabled,expires_at",
  ...ALLOWED.map((key, n) => `k-${n},${quoted(key)},Canary Owners,2026-11-01,,`),
  `k-expired,${EXPIRED},Canary Owners,2026-11-01,,2020-01-01`,
  `k-disabled,${DISABLED},Canary Owners,2026-11-01,true,`,
  "",
].join("\n");

export const path = "/openai/v1/chat/completions";

export function carriers(key: string): readonly (readonly [lines: string, query: string])[] {
  return [
    [`Authorization: Bearer ${key}\r\n`, ""],
    [`x-api-key: ${key}\r\n`, ""],
    [`api-key: ${key}\r\n`, ""],
    [`x-goog-api-key: ${key}\r\n`, ""],
    [`x-lmgate-key: ${key}\r\n`, ""],
    [`Authorization: Basic ${Buffer.from(`user:${key}`).toString("base64")}\r\n`, ""],
    [`Authorization: ${key}\r\n`, ""],
    [`Sec-WebSocket-Protocol: openai-insecure-api-key.${key}\r\n`, ""],
    ["", `?key=${encodeURIComponent(key)}`],
    ["", `?K%65y=${encodeURIComponent(key)}`],
    ["", `?access_token=${encodeURIComponent(key)}`],
    ["", `?api-key=${encodeURIComponent(key)}`],
    ["", `?api_key=${encodeURIComponent(key)}`],
    ["", `?Authorization=Bearer%20${encodeURIComponent(key)}`],
    [`Authorization: Bearer ${key}\r\nAuthorization: Bearer ${key}\r\n`, ""],
    [`x-api-key: ${key}\r\nConnection: x-api-key\r\n`, ""],
    [`Cookie: key=${key}\r\nReferer: http://x/?key=${encodeURIComponent(key)}\r\n`, ""],
  ];
}

/** The kinds of upstream responses. Each gets the key that the upstream received. */
export const UPSTREAM_RESPONSES: Readonly<Record<string, (key: string) => string | undefined>> = {
  json: () => jsonResponse(),
  stream: () =>
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: {"model":"m","usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n',
  echoInMessage: (key) =>
    jsonResponse(
      { error: { message: `Incorrect API key provided: ${key}`, type: "auth", code: "invalid_api_key", param: key } },
      "401 No",
    ),
  echoInCode: (key) =>
    jsonResponse({ error: { message: "no", type: `bad ${key}`, code: key, status: key } }, "400 Bad"),
  echoAsModel: (key) =>
    jsonResponse({ id: key, model: key, service_tier: key, usage: { prompt_tokens: 1, completion_tokens: 1 } }),
  echoAsId: (key) =>
    jsonResponse().replace("Content-Type", `x-request-id: ${key}\r\nrequest-id: ${key}\r\nContent-Type`),
  broken: () => "HTTP/1.1 nonsense\r\n\r\n",
  reset: () => undefined,
};

/** Every error response of LMGate, with a key in the request. */
export function rejectedRequests(auth: string, key: string): readonly string[] {
  return [
    request("GET", "/closed/x", auth),
    request("GET", "/nowhere/x", auth),
    request("TRACE", path, auth),
    request("CONNECT", "gate.example:443", auth),
    request("POST", path, `${auth}Content-Length: 2000000\r\n`),
    request("POST", path, `${auth}Expect: ${encodeURIComponent(key)}\r\nContent-Length: 1\r\n`, "x"),
    request("POST", path, `${auth}Transfer-Encoding: chunked\r\n`, `${key}\r\n`),
    request("GET", path, `${auth}X: ${"y".repeat(70_000)}\r\n`),
    request("GET", path, `${auth}Bad Name: ${key}\r\n`),
    request("GET", path, auth).replace("gate.example", `user:${key}@gate.example`),
    request("GET", path, auth).replace("HTTP/1.1", "HTTP/3.7"),
    request("GET", `http://${encodeURIComponent(key)}@gate.example/x`, auth),
    request(encodeURIComponent(key).replaceAll("%", ""), path, auth),
    request("GET", `/openai/../${encodeURIComponent(key)}`, auth),
    `${key}\r\n\r\n`,
  ];
}

/** Keys in places that are not for keys. */
export function misplacedIn(lines: string, key: string): readonly string[] {
  const body = JSON.stringify({
    model: key,
    user: key,
    metadata: { key },
    messages: [{ role: "user", content: key }],
  });
  return [
    request("GET", `/${key}`, lines),
    request("GET", `/${key}/v1/models`, lines),
    request("GET", `/v1/models/${key}`, lines),
    request("GET", `/OpenAI/v1/models/${key}`, lines),
    request("GET", `/openai/${key}/v1/models`, lines),
    request("GET", `/openai/v1/models/${key}?x=${key}`, lines),
    request("GET", `/openai/v1/models/${key.replace("-", "%2D")}`, lines),
    request("GET", `/google/v1beta/models/${key}:generateContent`, lines),
    request("GET", `/openai/v1/x;key=${key}`, lines),
    request("GET", "/openai/v1/x", `${lines}User-Agent: curl/8 ${key}\r\n`),
    request("GET", "/openai/v1/x", `${lines}x-lmgate-tags: team=${key},${key}=1,note=Bearer ${key}\r\n`),
    request("POST", path, `${lines}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body),
  ];
}

/** Invalid lists, with keys in and around what is invalid. */
export const BROKEN_LISTS: readonly string[] = [
  `k,${BROKEN_LIST},o,2026-01-01\n`,
  `id,${BROKEN_LIST},owner,added\na,b,c,d\n`,
  `id,api_key,owner,added\nk,${BROKEN_LIST}\n`,
  `id,api_key,owner,added\nk,${BROKEN_LIST} x,o,2026\n`,
  `id,api_key,owner,added\nk,${BROKEN_LIST},o,2026,${BROKEN_LIST}\n`,
  `id,api_key,owner,added\nk,"${BROKEN_LIST},o,2026\n`,
  `id,api_key,owner,added\nk,${BROKEN_LIST}"x,o,2026\n`,
  `id,api_key,owner,added\nk1,${BROKEN_LIST},o,2026\nk2,${BROKEN_LIST},o,2026\n`,
  `id,api_key,owner,added,disabled,expires_at\nk1,${BROKEN_LIST},o,2026,${BROKEN_LIST},${BROKEN_LIST}\n`,
  `id,api_key,owner,added,rpm\nk1,${BROKEN_LIST},o,2026,${BROKEN_LIST}\n`,
  `id,api_key,owner,added\nk1,sha256:${BROKEN_LIST},o,2026\n`,
  `id,api_kye,owner,added\nk1,${BROKEN_LIST},o,2026\n`,
];
