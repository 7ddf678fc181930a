import { once } from "node:events";
import { createServer } from "node:net";

/** Below Linux's range for outgoing connections, of which a benchmark opens thousands. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;

/** Ports without a listener at this moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && ports.size < count; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) ports.add(port);
  }
  if (ports.size < count) throw new Error(`no ${count} free ports between ${LOWEST} and ${HIGHEST}`);
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  // Tests all addresses, because some of the proxies listen on all.
  const server = createServer().listen({ port, host: "::", exclusive: true });
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  await once(server.close(), "close");
  return true;
}
