import type { Children } from "./children.ts";
import type { Route, Target, Upstreams } from "./target.ts";

/** What a proxy needs to be started. */
export interface Stage {
  readonly children: Children;
  /** A directory of its own. */
  readonly directory: string;
  readonly upstreams: Upstreams;
}

export interface RunningProxy {
  /** Every process of it that works for this upstream; none for the way without a proxy. */
  readonly pids: (route: Route) => readonly number[];
  /** Processes of it that take no part in calls. */
  readonly helpers?: () => readonly number[];
  /** How an upstream is reached through it; `undefined` where it cannot be. */
  readonly target: (route: Route) => Target | undefined;
  readonly stop: () => Promise<void>;
}

/** One of those compared. */
export interface Proxy {
  readonly name: string;
  readonly title: string;
  /** Why it cannot be measured here, and how that is mended; `undefined` if it can. */
  readonly missing: () => string | undefined;
  readonly version: () => string;
  /** Resolves as soon as the process is begun: how long it then takes is measured. */
  readonly start: (stage: Stage) => Promise<RunningProxy>;
}
