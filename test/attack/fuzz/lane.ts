import type { Exchange } from "../raw-exchange.ts";
import type { RecordingUpstream } from "../recording-upstream.ts";

/** One provider of the gateway with its upstream, and what a client sends to it and receives. */
export interface Lane {
  readonly name: string;
  readonly upstream: RecordingUpstream;
  readonly authority: string;
  /** Sends that with `HEALTH_REQUEST` after it. */
  exchange(sent: string): Promise<Exchange>;
}
