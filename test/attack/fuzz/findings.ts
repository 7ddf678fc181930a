import type { TargetName } from "./target.ts";

/** Cases that the fuzzer found once. The tests send each to its target again. */
export interface PastFinding {
  readonly target: TargetName;
  /** Latin1 text, as the fuzzer printed it. */
  readonly bytes: string;
  readonly what: string;
}

const CHUNKED_TAB = "Transfer-Encoding:chunked\t\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

export const PAST_FINDINGS: readonly PastFinding[] = [
  {
    target: "responses",
    bytes: `HTTP/1.1 200\r\n${CHUNKED_TAB}`,
    what: "llhttp takes a tab behind `chunked` for a part of the coding, and the chunks for the data",
  },
  {
    target: "gateway-responses",
    bytes: `HTTP/1.1 200 OK\r\n${CHUNKED_TAB}`,
    what: "the client would have got chunks where it expects data, on a connection that stays open",
  },
  {
    target: "requests",
    bytes: `POST / HTTP/1.1\r\nHost: a\r\n${CHUNKED_TAB}`,
    what: "llhttp and nginx reject the same request",
  },
  {
    target: "gateway-responses",
    bytes: "HTTP/1.1 101\r\n\r\nHTTP/1.1 200\r\n\r\n",
    what: "a 101 that the client did not ask for, and a response after it",
  },
  {
    target: "gateway-responses",
    bytes: "HTTP/1.1 100 \r\nConnection:close\r\nk:\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    what: "an interim response that says the connection ends",
  },
  {
    target: "chunks",
    bytes: "5\r\nhello\r\n0\r\nt:\r\nContent-Length:\r\n\r\n",
    what: "a length in the trailers, which llhttp takes for the head's",
  },
  {
    target: "gateway-requests",
    bytes: "GET / HTTP/1.1\r\nHost:a\r\nConnection:Upgrade\r\nUpgrade:i\r\nContent-Length:5\r\n\r\nhello",
    what: "a change of protocol asked for with a body",
  },
];
