import type { Children } from "./children.ts";
import type { Route, Target, Upstreams } from "./target.ts";

/** What a proxy needs to start. */
export interface StartContext {
  readonly children: Children;
  /** A directory for this start only. */
  readonly directory: string;
  readonly upstreams: Upstreams;
}

export interface RunningProxy {
  /** The proxy's processes that serve this upstream; empty without a proxy. */
  readonly pids: (route: Route) => readonly number[];
  /** The proxy's processes that forward no requests. */
  readonly helpers?: () => readonly number[];
  /** How to reach an upstream through the proxy; `undefined` if it cannot. */
  readonly target: (route: Route) => Target | undefined;
  readonly stop: () => Promise<void>;
}

/** A proxy that is compared. */
export interface Proxy {
  readonly name: string;
  readonly title: string;
  /** Why it cannot be measured here and how to fix that; `undefined` if it can. */
  readonly missing: () => string | undefined;
  readonly version: () => string;
  /** Resolves as soon as the process is spawned; the time until it serves requests is measured. */
  readonly start: (context: StartContext) => Promise<RunningProxy>;
}
