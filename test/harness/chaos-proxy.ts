/**
 * A network with faults: a TCP proxy that forwards bytes between two ends and gives each direction of each connection its
 * own fault. It reads only the first bytes, by which a test recognizes its cases.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** The fault of one direction; `after` is the number of bytes that are forwarded before it. */
export type Fault =
  | { readonly kind: "pass" }
  /** Everything arrives, in writes of this many bytes. */
  | { readonly kind: "slices"; readonly bytes: number }
  /** The same, slowly. */
  | { readonly kind: "trickle"; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: "delay"; readonly ms: number }
  /** Both ends get a reset. */
  | { readonly kind: "reset"; readonly after: number }
  /** The receiver gets a FIN; the other direction goes on. */
  | { readonly kind: "half-close"; readonly after: number }
  /** Nothing more is read or forwarded. */
  | { readonly kind: "stall"; readonly after: number };

export interface Plan {
  readonly toServer: Fault;
  readonly toClient: Fault;
}

export const unharmed: Plan = { toServer: { kind: "pass" }, toClient: { kind: "pass" } };

export class ChaosProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port; // as: it listens on a host and port
  }

  /** `planOf` gets the first bytes from the client of a connection. */
  static async start(targetPort: number, planOf: (first: Buffer) => Plan): Promise<ChaosProxy> {
    const sockets = new Set<Socket>();
    const options = { allowHalfOpen: true, noDelay: true };
    const server = createServer(options, (client) => {
      const target = connect({ ...options, port: targetPort, host: "127.0.0.1" });
      for (const [socket, other] of [
        [client, target],
        [target, client],
      ] as const) {
        sockets.add(socket);
        // a reset must stay a reset
        socket.on("error", () => void other.resetAndDestroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      client.once("data", (first: Buffer) => {
        const plan = planOf(first);
        new Flow(client, target, plan.toServer).begin(first);
        new Flow(target, client, plan.toClient).begin();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ChaosProxy(server, sockets);
  }

  /** The number of open sockets, two for each connection. */
  get open(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** One direction of one connection. */
class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #fault: Fault;
  readonly #queue: Buffer[] = [];
  #passed = 0;
  #broken = false;
  #ended = false;
  #pumping = false;

  constructor(from: Socket, to: Socket, fault: Fault) {
    this.#from = from;
    this.#to = to;
    this.#fault = fault;
  }

  begin(first?: Buffer): void {
    this.#from.on("data", (bytes: Buffer) => this.#take(bytes));
    this.#to.on("drain", () => this.#from.resume());
    this.#from.on("end", () => {
      this.#ended = true;
      this.#endIfDone();
    });
    if (first !== undefined) this.#take(first);
  }

  #take(bytes: Buffer): void {
    if (this.#broken) return;
    const fault = this.#fault;
    switch (fault.kind) {
      case "pass":
        this.#pass(bytes);
        break;
      case "slices":
      case "trickle":
        for (let at = 0; at < bytes.length; at += fault.bytes) this.#queue.push(bytes.subarray(at, at + fault.bytes));
        void this.#pump(fault.kind === "trickle" ? fault.everyMs : 0);
        break;
      case "delay":
        this.#queue.push(bytes);
        void this.#pump(fault.ms);
        break;
      default:
        this.#passUntil(fault, bytes);
    }
  }

  #passUntil(fault: { readonly kind: "reset" | "half-close" | "stall"; readonly after: number }, bytes: Buffer): void {
    const room = fault.after - this.#passed;
    if (bytes.length <= room) {
      this.#pass(bytes);
      if (bytes.length < room) return;
    } else if (room > 0) this.#pass(bytes.subarray(0, room));
    this.#broken = true;
    if (fault.kind === "half-close") this.#to.end();
    else if (fault.kind === "stall") this.#from.pause();
    else {
      this.#from.resetAndDestroy();
      this.#to.resetAndDestroy();
    }
  }

  #pass(bytes: Buffer): void {
    this.#passed += bytes.length;
    if (!this.#to.write(bytes)) this.#from.pause();
  }

  async #pump(everyMs: number): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (;;) {
      // At least one turn of the event loop between two writes, so that they stay two.
      await new Promise<void>((resolve) => void (everyMs === 0 ? setImmediate(resolve) : setTimeout(resolve, everyMs)));
      const piece = this.#queue.shift();
      if (piece === undefined || this.#to.destroyed) break;
      this.#to.write(piece);
      // The FIN follows the last bytes at once, before the gateway can reuse the connection for another request.
      if (this.#ended && this.#queue.length === 0) break;
    }
    this.#pumping = false;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#ended && !this.#broken && this.#queue.length === 0 && !this.#pumping) this.#to.end();
  }
}
