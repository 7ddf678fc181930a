import type { InFlightRequest } from "../../core/request/in-flight.ts";

/** The record of a call whose end nobody saw, as JSON text: it was last known to run at `lastSeen`. */
export function interruptedRecord({ record, startedAt }: InFlightRequest, lastSeen: number): string {
  const end = Math.max(lastSeen, startedAt);
  const timestamp = new Date(end).toISOString();
  return `{"timestamp":"${timestamp}",${record.slice(1, -1)},"duration_ms":${Math.round(end - startedAt)}}`;
}
