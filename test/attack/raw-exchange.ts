/** A client on a bare socket that says its piece and then finds out what has become of the connection. */
import { connect } from "node:net";

import { readAnswer, statusOf, type RawMessage } from "../harness/raw-message.ts";

export interface Answer extends RawMessage {
  readonly status: number;
  readonly text: string;
}

export interface Talk {
  /** Interim answers included. */
  readonly answers: readonly Answer[];
  /** The statuses of `answers`, for short tables. */
  readonly statuses: readonly number[];
  /** Whether the connection could be used for another call afterwards. */
  readonly open: boolean;
}

const QUESTION = "GET /healthz HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n";
const DEADLINE_MS = 20_000;

/**
 * Sends `said` in one write, with a call to `/healthz` right behind it, and reads to the end. A connection that is still
 * in step answers that call with "ok" and closes; on one that is not, the gateway has closed before. Either way nothing
 * has to be waited for.
 */
export async function talk(port: number, said: string | Buffer, methods: readonly string[] = []): Promise<Talk> {
  const text = typeof said === "string" ? said : said.toString("latin1");
  const received = await exchange(port, Buffer.from(text + QUESTION, "latin1"));
  const answers = readAnswers(received, methods);
  const last = answers.at(-1);
  const open = last !== undefined && last.status === 200 && last.body.toString() === "ok";
  const kept = open ? answers.slice(0, -1) : answers;
  return { answers: kept, statuses: kept.map(({ status }) => status), open };
}

/** Sends `bytes` and reads until the other side has ended. */
export function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const chunks: Buffer[] = [];
    const settled = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.setTimeout(DEADLINE_MS, () => {
      socket.destroy();
      const what = `sent ${bytes.toString("latin1", 0, 300)}, received ${Buffer.concat(chunks).toString("latin1", 0, 300)}`;
      reject(new Error(`the connection stayed open: ${what}`));
    });
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    socket.on("end", settled);
    socket.on("error", settled); // A reset after a refusal is an end as well.
    socket.write(bytes);
  });
}

function readAnswers(received: Buffer, methods: readonly string[]): readonly Answer[] {
  const answers: Answer[] = [];
  let rest = received;
  let calls = 0;
  while (rest.length > 0) {
    const message = readAnswer(rest, methods[calls] ?? "GET", true);
    if (message === undefined) throw new Error(`not a whole answer: ${rest.toString("latin1", 0, 300)}`);
    const status = statusOf(message);
    if (status >= 200) calls++;
    answers.push({ ...message, status, text: message.body.toString("utf8") });
    rest = rest.subarray(message.length);
  }
  return answers;
}
