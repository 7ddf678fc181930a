import type { Provider } from "../../core/settings.ts";

export interface Route {
  readonly provider: Provider;
  /** What the upstream is asked for: its path prefix and everything after ours, byte for byte. */
  readonly upstreamTarget: string;
  /** The client's path with our prefix, without the query: the record's `endpoint`. */
  readonly endpoint: string;
  /** The path behind our prefix, without the query. */
  readonly path: string;
  readonly query: string;
}

/**
 * Cuts the provider's name off the target. The rest is never decoded, normalised or put through a URL parser: the host
 * comes from the route alone, and what was checked is what is sent.
 */
export function findRoute(target: string, providers: ReadonlyMap<string, Provider>): Route | undefined {
  const question = target.indexOf("?");
  const pathEnd = question === -1 ? target.length : question;
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
    query: question === -1 ? "" : target.slice(question + 1),
  };
}

/** No key on a list is shorter (`lmgate keys add` and the allow-list's reader refuse it). */
const SHORTEST_KEY = 8;

/** What stands where a provider's name should, for the list of refusals: left out where it could be a key put in the wrong place. */
export function shownPrefix(target: string, providers: ReadonlyMap<string, Provider>): string {
  const [name = ""] = target.slice(1, 128).split(/[/?]/, 1);
  return name.length < SHORTEST_KEY || providers.has(name) ? name : "";
}
