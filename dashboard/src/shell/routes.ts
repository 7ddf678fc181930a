import type { ComponentType } from "preact";
import type { Scope } from "../data/url-state.ts";
import { ErrorsPage } from "../pages/errors.tsx";
import { ExplorePage } from "../pages/explore.tsx";
import { KeyPage } from "../pages/key.tsx";
import { KeysPage } from "../pages/keys.tsx";
import { LatencyPage } from "../pages/latency.tsx";
import { OverviewPage } from "../pages/overview.tsx";
import { PricesPage } from "../pages/prices.tsx";
import { RequestsPage } from "../pages/requests.tsx";
import { SetupPage } from "../pages/setup.tsx";
import { SystemPage } from "../pages/system.tsx";
import type { IconName } from "../ui/icon.tsx";

export interface PageProps {
  readonly scope: Scope;
  /** The rest of the path after the page's own: the id of a key. */
  readonly rest: string;
}

interface PageEntry {
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  /** The letter pressed after `g`. */
  readonly letter: string;
  readonly page: ComponentType<PageProps>;
  /** The page for one item of the list. */
  readonly detail?: ComponentType<PageProps>;
  /** The page has no range, filters or export. */
  readonly isTimeless?: boolean;
  readonly group: "usage" | "manage";
}

/** In the order of the navigation; the first four are in the bottom bar on phones. */
export const pages: readonly PageEntry[] = [
  { path: "", title: "Overview", icon: "overview", letter: "o", page: OverviewPage, group: "usage" },
  { path: "explore", title: "Explore", icon: "explore", letter: "e", page: ExplorePage, group: "usage" },
  { path: "requests", title: "Requests", icon: "requests", letter: "r", page: RequestsPage, group: "usage" },
  {
    path: "keys",
    title: "Keys",
    icon: "keys",
    letter: "k",
    page: KeysPage,
    detail: KeyPage,
    group: "manage",
    isTimeless: true,
  },
  { path: "latency", title: "Latency", icon: "latency", letter: "l", page: LatencyPage, group: "usage" },
  { path: "errors", title: "Errors & limits", icon: "errors", letter: "x", page: ErrorsPage, group: "usage" },
  { path: "prices", title: "Prices", icon: "prices", letter: "p", page: PricesPage, group: "manage", isTimeless: true },
  { path: "setup", title: "Setup", icon: "setup", letter: "u", page: SetupPage, group: "manage", isTimeless: true },
  { path: "system", title: "System", icon: "system", letter: "s", page: SystemPage, group: "manage", isTimeless: true },
];

export interface MatchedPage extends PageEntry {
  readonly rest: string;
}

export function findPage(place: string): MatchedPage | undefined {
  const [head = "", ...tail] = place.split("/");
  const entry = pages.find(({ path }) => path === head);
  if (entry === undefined || (tail.length > 0 && entry.detail === undefined)) return undefined;
  return { ...entry, rest: decoded(tail.join("/")) };
}

/** Returns the text itself if it cannot be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
