/** Runs code in one worker of a gateway that was started with `--inspect`. This is how a test breaks a worker from outside. */
import { once } from "node:events";

import type { Gateway } from "../harness/gateway.ts";

interface Message {
  readonly method?: string;
  readonly params?: {
    readonly sessionId?: string;
    readonly workerInfo?: { readonly title?: string };
    readonly message?: string;
  };
}

interface InspectorResponse {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** The memory that a worker holds after a garbage collection. The gateway needs `--inspect --expose-gc`. */
export async function heldBytes(gateway: Gateway, worker: string): Promise<number> {
  const held = "gc(); gc(); (({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())";
  const bytes = await evaluateInWorker(gateway, worker, held);
  if (typeof bytes !== "number") throw new Error(String(bytes));
  return bytes;
}

/** Resolves to the result, if it is a primitive value, after the worker with that name has run the code. */
export async function evaluateInWorker(gateway: Gateway, worker: string, expression: string): Promise<unknown> {
  const url = /ws:\/\/\S+/.exec(gateway.output().stderr)?.[0];
  if (url === undefined) throw new Error(`the inspector does not listen: ${gateway.output().stderr}`);
  const socket = new WebSocket(url);
  await once(socket, "open");
  const send = (method: string, params: object): void => socket.send(JSON.stringify({ id: 1, method, params }));

  const found = new Promise<string>((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as Message; // as the inspector's protocol has it
      if (method !== "NodeWorker.attachedToWorker" || params?.sessionId === undefined) return;
      if (params.workerInfo?.title?.includes(worker) === true) resolve(params.sessionId);
    });
  });
  send("NodeWorker.enable", { waitForDebuggerOnStart: false });
  const sessionId = await found;
  const evaluate = { id: 1, method: "Runtime.evaluate", params: { expression, returnByValue: true } };
  const evaluated = new Promise<unknown>((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as Message; // as the inspector's protocol has it
      if (method !== "NodeWorker.receivedMessageFromWorker" || params?.message === undefined) return;
      const { id, result } = JSON.parse(params.message) as InspectorResponse;
      if (id === evaluate.id) resolve(result?.result?.value);
    });
  });
  send("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify(evaluate) });
  const value = await evaluated;
  socket.close();
  await once(socket, "close");
  return value;
}
