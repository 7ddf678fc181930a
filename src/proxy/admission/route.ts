import type { Provider } from "../../core/provider.ts";

export interface Route {
  readonly provider: Provider;
  /** The upstream's path prefix followed by what the client sent after the provider's name, byte for byte. */
  readonly upstreamTarget: string;
  /** The client's path with the provider's name, without the query: the record's `endpoint`. */
  readonly endpoint: string;
  /** The path after the provider's name, without the query. */
  readonly path: string;
  readonly query: string;
}

/**
 * Cuts the provider's name off the target. The rest is not decoded, normalized or parsed as a URL: the host comes from
 * the route alone, and LMGate sends exactly what it checked.
 */
export function findRoute(target: string, providers: ReadonlyMap<string, Provider>): Route | undefined {
  const queryStart = target.indexOf("?");
  const pathEnd = queryStart === -1 ? target.length : queryStart;
  const slash = target.indexOf("/", 1);
  const nameEnd = slash === -1 || slash > pathEnd ? pathEnd : slash;
  const provider = providers.get(target.slice(1, nameEnd));
  if (provider === undefined) return undefined;
  const rest = target.slice(nameEnd);
  const joined = provider.upstream.pathPrefix + rest;
  return {
    provider,
    upstreamTarget: joined.startsWith("/") ? joined : `/${joined}`,
    endpoint: target.slice(0, pathEnd),
    path: target.slice(nameEnd, pathEnd),
    query: queryStart === -1 ? "" : target.slice(queryStart + 1),
  };
}

/** The allow-list accepts no shorter key. */
const SHORTEST_KEY = 8;

/** The first path segment, for the list of rejected requests. Empty if it could be a key that was put in the wrong place. */
export function shownPrefix(target: string, providers: ReadonlyMap<string, Provider>): string {
  const [name = ""] = target.slice(1, 128).split(/[/?]/, 1);
  return name.length < SHORTEST_KEY || providers.has(name) ? name : "";
}
