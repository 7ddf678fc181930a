import { Session } from "node:inspector";
import type { Worker } from "node:worker_threads";

/** What the inspector says about a worker that it can reach. */
interface AttachedWorker {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } };
}

/**
 * Runs an expression in a worker whose event loop hangs. V8's inspector interrupts an endless loop for it; it cannot interrupt
 * a worker that waits in a system call. Returns the function that closes the inspector again.
 */
export function interruptWorker(worker: Worker, expression: string): () => void {
  const session = new Session();
  session.connect();
  const title = `[worker ${worker.threadId}] `;
  const message = JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } });
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId, workerInfo } }: AttachedWorker) => {
    if (workerInfo.title.startsWith(title)) session.post("NodeWorker.sendMessageToWorker", { sessionId, message });
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  return () => session.disconnect();
}
