import { wholeLinesAtEnd } from "../../jsonl/read-tail.ts";

/** Far more than the events of one run. */
const MAX_TAIL = 1024 * 1024;

/** What the events say last: the instance that started and has not been said to have ended. */
export function lastEvents(path: string): { readonly running: string | undefined } {
  let running: string | undefined;
  for (const line of wholeLinesAtEnd(path, MAX_TAIL).toString().split("\n")) {
    const { event, instance } = eventOn(line);
    if (event === "started") running = instance;
    else if ((event === "stopped" || event === "crashed") && instance === running) running = undefined;
  }
  return { running };
}

function eventOn(line: string): { readonly event: string | undefined; readonly instance: string | undefined } {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && "event" in value && "instance" in value) {
      return { event: String(value.event), instance: String(value.instance) };
    }
  } catch {
    // Cut at the front, or the line that its writer died on.
  }
  return { event: undefined, instance: undefined };
}
