/** The fuzzer's seeds: latin1 text, one character per byte. Requests are for `/openai/…` and name `Host: a`. */
import { REFERENCE_REQUESTS } from "../reference-requests.ts";

/** Longer seeds take most of the time and find nothing more. */
const MAX_SEED = 3_000;

const MORE_REQUESTS: readonly string[] = [
  "HEAD /openai/v1/models HTTP/1.1\r\nHost: a\r\n\r\n",
  "OPTIONS /openai/v1/models HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n",
  "GET /openai/v1/models?key=1&b=%20 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
  "POST /openai/v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST /openai/v1/chat HTTP/1.1\r\nHost: a\r\n" +
    "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\nGET /openai/3 HTTP/1.1\r\nHost: a\r\n\r\n",
  "POST /openai/v1/x HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nProxy-Connection: x\r\nContent-Length: 3\r\n\r\nabc",
  'POST /openai/v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;a="b\\"c"\r\nabc\r\n' +
    "a\r\n0123456789\r\n000\r\nX-T: 1\r\nContent-Digest: x\r\nx-api-key: y\r\n\r\n",
];

export const REQUESTS: readonly string[] = [
  ...REFERENCE_REQUESTS.map(({ bytes }) => bytes).filter((bytes) => bytes.length <= MAX_SEED),
  ...MORE_REQUESTS,
];

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`;
const JSON_BODY = '{"model":"m-1","usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}';

/** Chunked bodies, from the first size line to the end of the trailer section. */
export const CHUNKED_BODIES: readonly string[] = [
  "0\r\n\r\n",
  "5\r\nhello\r\n0\r\n\r\n",
  "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  "A\r\n0123456789\r\n00a\r\n0123456789\r\n000\r\n\r\n",
  '5;a\r\nhello\r\n1;a=b;c="d e"\r\nx\r\n0;last\r\n\r\n',
  '5;a="\\"\\r\\n"\r\nhello\r\n0\r\nX-T: 1\r\nX-U:\r\n\r\n',
  "5\r\nhello\r\n0\r\nHost: b\r\nAuthorization: Bearer x\r\nContent-Length: 5\r\nX-T: a\r\n\r\n",
  "1\r\n\r\r\n1\r\n\n\r\n2\r\n\r\n\r\n0\r\n\r\n",
  "5\r\n0\r\n\r\n\r\n0\r\n\r\n",
  `${JSON_BODY.length.toString(16)}\r\n${JSON_BODY}\r\n0\r\n\r\n`,
];

export const RESPONSES: readonly string[] = [
  `${OK}Content-Length: ${JSON_BODY.length}\r\nContent-Type: application/json\r\n\r\n${JSON_BODY}`,
  `${OK}Content-Length: 0\r\n\r\n`,
  `${OK}Content-Type: text/plain\r\n\r\nuntil the end`,
  `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello`,
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
  'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbytes",
  `HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nset-cookie: a\r\nX-B:2 \r\nSet-Cookie:  b\r\nContent-Length: 2\r\n\r\n{}`,
  `${OK}Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok`,
  `${OK}Content-Length: 2\r\n\r\nok${OK}Content-Length: 6\r\n\r\npoison`,
  `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "HTTP/1.1 599 \xfcber\r\n__proto__: a\r\nX-LMGate: no\r\nContent-Length: 2\r\n\r\nno",
  ...CHUNKED_BODIES.map((body) => CHUNKED + body),
];

/** Text to insert, or to replace something with. */
export const PIECES: readonly string[] = [
  ...'\r\n\0\t :;,0155aAfFx"\\/%-+_\x0b\x0c\x7f\x80\xa0\xff'.split(""),
  "\r\n",
  "\r\n\r\n",
  "\n\n",
  "\r\r\n",
  "\r\n ",
  "0\r\n\r\n",
  "0x",
  "ffffffffffffffff",
  "10000000000000005",
  "9007199254740993",
  "chunked",
  "identity",
  "gzip, ",
  "close",
  "keep-alive",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2",
  "%2e%2e/",
  "../",
  "%00",
  "//",
  "#",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Transfer-Encoding\x0b: chunked\r\n",
  "Connection: close\r\n",
  "Connection: transfer-encoding\r\n",
  "Connection: upgrade\r\nUpgrade: websocket\r\n",
  "Host: b\r\n",
  "Expect: 100-continue\r\n",
  "Trailer: Host\r\n",
  " : x\r\n",
  "GET /openai/smug HTTP/1.1\r\n",
  "HEAD",
  "CONNECT",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
];
