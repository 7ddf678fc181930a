import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A port whose connection attempts get no response, as those to an unreachable host, until it is released. */
export interface FullListener {
  readonly port: number;
  /** Accepts what waits and what comes, and responds to every request with 200. Attempts are repeated each second. */
  release(): void;
  stop(): Promise<void>;
}

const MAX_FILLERS = 20;
/** A connection to the same machine that takes longer is waiting for room in the backlog. */
const WAITS_MS = 300;

const LISTENER = `
  const server = require("node:net").createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"));
  });
  const [host, port] = process.argv.slice(1);
  server.listen({ port: Number(port), host, backlog: 1 }, () => console.log(server.address().port));`;

/**
 * A stopped process that listens with a backlog of one. When the backlog is full, the kernel leaves further connection
 * attempts waiting. `undefined` if the kernel cannot be brought to that.
 */
export async function listenWithoutRoom(host = "127.0.0.1", wantedPort = 0): Promise<FullListener | undefined> {
  const args = ["-e", LISTENER, host, String(wantedPort)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = (await once(child.stdout, "data")) as [Buffer]; // as: a readable stream without an encoding emits buffers
  const port = Number(output);
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  const release = (): void => void child.kill("SIGCONT");
  const stop = async (): Promise<void> => {
    for (const filler of fillers) filler.destroy();
    child.kill("SIGKILL");
    await once(child, "close");
  };
  for (let filled = 0; filled < MAX_FILLERS; filled++) {
    const filler = connect(port, host);
    filler.on("error", () => undefined); // it is reset at the end
    fillers.push(filler);
    const connected = await Promise.race([
      once(filler, "connect").then(() => true),
      new Promise<false>((resolve) => void setTimeout(() => resolve(false), WAITS_MS)),
    ]);
    if (!connected) return { port, release, stop };
  }
  await stop();
  return undefined;
}
