/** A real gateway between a client and a scripted upstream, on which the plays of the corpus are performed. */
import { Agent, request as sendRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { knownProviders } from "../../src/providers/index.ts";
import { valueOf } from "../harness/raw-message.ts";
import { startRawUpstream, type RawUpstream } from "../harness/raw-upstream.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";
import { Waiting } from "../harness/until.ts";
import type { Step } from "./exchange.ts";
import type { Play } from "./modes.ts";

/** A name that no provider has: what answers there is known by its paths and shapes alone. */
const UNKNOWN_PROVIDER = "relay";
const NUMBER = "x-corpus-play";

/** What the two ends know of one call while it runs. */
interface Passing {
  readonly step: Step;
  readonly play: Play;
  readonly body: Buffer;
  readonly received: Waiting;
  receivedBytes: number;
  /** The client has all it wanted, or will get no more. */
  over: boolean;
}

export class Stage {
  readonly gateway: Gateway;
  readonly upstream: RawUpstream;
  readonly #agent: Agent;
  readonly #passing: Map<string, Passing>;

  private constructor(gateway: Gateway, upstream: RawUpstream, concurrency: number) {
    this.gateway = gateway;
    this.upstream = upstream;
    this.#agent = new Agent({ keepAlive: true, maxSockets: concurrency });
    this.#passing = new Map();
    // What went wrong at this end is seen at the other, where it fails the play.
    upstream.answer = (socket, { lines }) =>
      this.#answer(socket, valueOf(lines, NUMBER) ?? "").catch(() => void socket.destroy());
  }

  static async open(concurrency: number): Promise<Stage> {
    const upstream = await startRawUpstream();
    const url = { upstream: `http://127.0.0.1:${upstream.port}/` };
    const names = [...knownProviders().map(({ name }) => name), UNKNOWN_PROVIDER];
    const providers = Object.fromEntries(names.map((name) => [name, url]));
    try {
      return new Stage(await startGateway({ config: { providers } }), upstream, concurrency);
    } catch (error) {
      await upstream.close();
      throw error;
    }
  }

  /** Plays one call; its record bears `number` as a tag. The client must receive exactly what the upstream sent. */
  async perform(step: Step, play: Play, number: number): Promise<void> {
    const passing: Passing = {
      step,
      play,
      body: play.dressed(step.response.body),
      received: new Waiting(),
      receivedBytes: 0,
      over: false,
    };
    this.#passing.set(String(number), passing);
    try {
      await this.#call(passing, number);
    } finally {
      passing.over = true;
      passing.received.changed();
      this.#passing.delete(String(number));
    }
  }

  records(count: number): Promise<RequestRecord[]> {
    return this.gateway.records(count);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.gateway.stop();
    await this.upstream.close();
  }

  async #call(passing: Passing, number: number): Promise<void> {
    const { step, play, body } = passing;
    const left = play.left !== undefined || step.response.end === "aborted";
    const pieces: Buffer[] = [];
    const response = await this.#ask(step, number);
    if (response.statusCode !== step.response.status) throw new Error(`status ${response.statusCode}`);
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        if (!left || passing.receivedBytes < body.length) return;
        response.destroy();
        resolve();
      };
      response.on("data", (bytes: Buffer) => {
        pieces.push(bytes);
        passing.receivedBytes += bytes.length;
        passing.received.changed();
        leave();
      });
      response.on("end", resolve);
      response.on("close", resolve);
      response.on("error", (error) => (left || step.response.end === "cut" ? resolve() : reject(error)));
      leave();
    });
    if (!Buffer.concat(pieces).equals(body)) throw new Error("the client did not receive what was sent");
  }

  #ask({ request }: Step, number: number): Promise<IncomingMessage> {
    const { body, method, target } = request;
    return new Promise((resolve, reject) => {
      const call = sendRequest({
        host: "127.0.0.1",
        port: this.gateway.port,
        agent: this.#agent,
        method,
        path: target,
        headers: {
          ...Object.fromEntries(request.fields),
          ...(body.length > 0 || method === "POST" ? { "content-length": body.length } : {}),
          authorization: `Bearer ${testKey.key}`,
          "x-lmgate-tags": `play=${number}`,
          [NUMBER]: String(number),
        },
      });
      call.on("response", resolve);
      call.on("error", reject);
      call.end(body);
    });
  }

  async #answer(socket: Socket, number: string): Promise<void> {
    const passing = this.#passing.get(number);
    if (passing === undefined) return void socket.destroy();
    const { step, play, body } = passing;
    socket.setNoDelay(true);
    socket.write(headOf(passing));
    const edges =
      play.cuts === "every" ? everyByte(body) : [...play.cuts.filter((at) => at < body.length), body.length];
    let from = 0;
    for (const to of edges) {
      if (passing.over || to === from) continue;
      const piece = body.subarray(from, to);
      socket.write(play.delimiting === "chunked" ? chunk(piece) : piece);
      // The last piece and the end may come together, as they mostly do.
      if (to < body.length) await received(passing, to);
      from = to;
    }
    if (play.left !== undefined || step.response.end === "aborted") return;
    if (step.response.end === "cut") {
      await received(passing, body.length);
      socket.destroy();
    } else if (play.delimiting === "close") socket.end();
    else if (play.delimiting === "chunked") socket.write("0\r\n\r\n");
  }
}

function headOf({ step, play, body }: Passing): string {
  const { status, fields, end } = step.response;
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  if (play.contentEncoding !== undefined) lines.push(`content-encoding: ${play.contentEncoding}`);
  const open = play.left !== undefined || end !== "complete" ? 1 : 0; // One byte that will never come.
  if (play.delimiting === "length") lines.push(`content-length: ${body.length + open}`);
  else if (play.delimiting === "chunked") lines.push("transfer-encoding: chunked");
  else lines.push("connection: close");
  return [`HTTP/1.1 ${status} Said`, ...lines, "", ""].join("\r\n");
}

function chunk(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

function everyByte(body: Buffer): readonly number[] {
  return Array.from({ length: body.length }, (_, index) => index + 1);
}

function received(passing: Passing, bytes: number): Promise<true> {
  return passing.received.until(`${bytes} bytes`, () => passing.over || passing.receivedBytes >= bytes || undefined);
}
