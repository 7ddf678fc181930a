/** A real gateway between a client and a scripted upstream, through which the exchanges of the corpus are sent. */
import { Agent, request as sendRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { knownProviders } from "../../src/providers/index.ts";
import { valueOf } from "../harness/raw-message.ts";
import { startRawUpstream, type RawUpstream } from "../harness/raw-upstream.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";
import { Waiting } from "../harness/until.ts";
import type { Step } from "./exchange.ts";
import type { Variant } from "./modes.ts";

/** A name that no known provider has, so that only paths and formats tell what a response is. */
const UNKNOWN_PROVIDER = "relay";
const NUMBER = "x-corpus-number";

/** The state of one request that both ends share. */
interface RunningRequest {
  readonly step: Step;
  readonly variant: Variant;
  readonly body: Buffer;
  readonly received: Waiting;
  receivedBytes: number;
  /** The client has received everything, or will receive nothing more. */
  finished: boolean;
}

export class GatewayFixture {
  readonly gateway: Gateway;
  readonly upstream: RawUpstream;
  readonly #agent: Agent;
  readonly #running: Map<string, RunningRequest>;

  private constructor(gateway: Gateway, upstream: RawUpstream, concurrency: number) {
    this.gateway = gateway;
    this.upstream = upstream;
    this.#agent = new Agent({ keepAlive: true, maxSockets: concurrency });
    this.#running = new Map();
    // An error here closes the connection, which makes the client's side fail.
    upstream.respond = (socket, { lines }) =>
      this.#respond(socket, valueOf(lines, NUMBER) ?? "").catch(() => void socket.destroy());
  }

  static async open(concurrency: number): Promise<GatewayFixture> {
    const upstream = await startRawUpstream();
    const url = { upstream: `http://127.0.0.1:${upstream.port}/` };
    const names = [...knownProviders().map(({ name }) => name), UNKNOWN_PROVIDER];
    const providers = Object.fromEntries(names.map((name) => [name, url]));
    try {
      return new GatewayFixture(await startGateway({ config: { providers } }), upstream, concurrency);
    } catch (error) {
      await upstream.close();
      throw error;
    }
  }

  /** Sends one request, whose record has `number` as a tag. The client must receive exactly what the upstream sent. */
  async send(step: Step, variant: Variant, number: number): Promise<void> {
    const running: RunningRequest = {
      step,
      variant,
      body: variant.encode(step.response.body),
      received: new Waiting(),
      receivedBytes: 0,
      finished: false,
    };
    this.#running.set(String(number), running);
    try {
      await this.#receive(running, number);
    } finally {
      running.finished = true;
      running.received.changed();
      this.#running.delete(String(number));
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

  async #receive(running: RunningRequest, number: number): Promise<void> {
    const { step, variant, body } = running;
    const clientLeaves = variant.left !== undefined || step.response.end === "aborted";
    const chunks: Buffer[] = [];
    const response = await this.#open(step, number);
    if (response.statusCode !== step.response.status) throw new Error(`status ${response.statusCode}`);
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        if (!clientLeaves || running.receivedBytes < body.length) return;
        response.destroy();
        resolve();
      };
      response.on("data", (bytes: Buffer) => {
        chunks.push(bytes);
        running.receivedBytes += bytes.length;
        running.received.changed();
        leave();
      });
      response.on("end", resolve);
      response.on("close", resolve);
      response.on("error", (error) => (clientLeaves || step.response.end === "cut" ? resolve() : reject(error)));
      leave();
    });
    if (!Buffer.concat(chunks).equals(body)) throw new Error("the client received other bytes than the upstream sent");
  }

  #open({ request }: Step, number: number): Promise<IncomingMessage> {
    const { body, method, target } = request;
    return new Promise((resolve, reject) => {
      const outgoing = sendRequest({
        host: "127.0.0.1",
        port: this.gateway.port,
        agent: this.#agent,
        method,
        path: target,
        headers: {
          ...Object.fromEntries(request.fields),
          ...(body.length > 0 || method === "POST" ? { "content-length": body.length } : {}),
          authorization: `Bearer ${testKey.key}`,
          "x-lmgate-tags": `number=${number}`,
          [NUMBER]: String(number),
        },
      });
      outgoing.on("response", resolve);
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  async #respond(socket: Socket, number: string): Promise<void> {
    const running = this.#running.get(number);
    if (running === undefined) return void socket.destroy();
    const { step, variant, body } = running;
    socket.setNoDelay(true);
    socket.write(headOf(running));
    const edges =
      variant.cuts === "every" ? everyByte(body) : [...variant.cuts.filter((at) => at < body.length), body.length];
    let from = 0;
    for (const to of edges) {
      if (running.finished || to === from) continue;
      const piece = body.subarray(from, to);
      socket.write(variant.delimiting === "chunked" ? chunk(piece) : piece);
      // The last piece and the end may arrive together, as they usually do.
      if (to < body.length) await received(running, to);
      from = to;
    }
    if (variant.left !== undefined || step.response.end === "aborted") return;
    if (step.response.end === "cut") {
      await received(running, body.length);
      socket.destroy();
    } else if (variant.delimiting === "close") socket.end();
    else if (variant.delimiting === "chunked") socket.write("0\r\n\r\n");
  }
}

function headOf({ step, variant, body }: RunningRequest): string {
  const { status, fields, end } = step.response;
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  if (variant.contentEncoding !== undefined) lines.push(`content-encoding: ${variant.contentEncoding}`);
  const open = variant.left !== undefined || end !== "complete" ? 1 : 0; // One byte that is never sent.
  if (variant.delimiting === "length") lines.push(`content-length: ${body.length + open}`);
  else if (variant.delimiting === "chunked") lines.push("transfer-encoding: chunked");
  else lines.push("connection: close");
  return [`HTTP/1.1 ${status} OK`, ...lines, "", ""].join("\r\n");
}

function chunk(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

function everyByte(body: Buffer): readonly number[] {
  return Array.from({ length: body.length }, (_, index) => index + 1);
}

function received(running: RunningRequest, bytes: number): Promise<true> {
  return running.received.until(
    `${bytes} bytes`,
    () => running.finished || running.receivedBytes >= bytes || undefined,
  );
}
