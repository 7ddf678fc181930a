import type { JSX } from "preact";
import { session, signOut } from "../data/api.ts";
import { scopeParams, useUrlState } from "../data/url-state.ts";
import { useStore } from "../data/store.ts";
import { Icon } from "../ui/icon.tsx";
import { Link } from "../ui/link.tsx";
import { Popover } from "../ui/popover.tsx";
import { toast } from "../ui/toast.tsx";
import { Mark } from "./mark.tsx";
import { pages, type MatchedPage } from "./routes.ts";

const groups = [
  { name: "usage", title: "Usage" },
  { name: "manage", title: "Gateway" },
] as const;

export function Sidebar({ current }: { readonly current: MatchedPage | undefined }): JSX.Element {
  const { params } = useUrlState();
  const { csrf } = useStore(session) ?? { csrf: null };
  const leave = (): void => {
    signOut().catch((error: unknown) =>
      toast(error instanceof Error ? error.message : "Something went wrong. Try again.", "failed"),
    );
  };
  return (
    <nav class="sidebar" aria-label="Pages">
      <Link page="" params={scopeParams(params)} class="brand" label="LMGate, overview">
        <Mark />
        <span>LMGate</span>
      </Link>
      {groups.map(({ name, title }) => (
        <div class="nav-group" key={name}>
          <div class="nav-title">{title}</div>
          {pages
            .filter(({ group }) => group === name)
            .map((entry) => (
              <Link
                key={entry.path}
                page={entry.path}
                params={scopeParams(params)}
                class="nav-link"
                title={entry.title}
                isCurrent={entry.path === current?.path}
              >
                <Icon name={entry.icon} />
                <span>{entry.title}</span>
              </Link>
            ))}
        </div>
      ))}
      <div class="sidebar-foot">
        {csrf !== null && (
          <button type="button" class="nav-link" onClick={leave}>
            <Icon name="signout" />
            <span>Sign out</span>
          </button>
        )}
      </div>
    </nav>
  );
}

const IN_FOOT = 4;

/** The bottom bar on phones. */
export function BottomNav({ current }: { readonly current: MatchedPage | undefined }): JSX.Element {
  const { params } = useUrlState();
  const isMore = pages.slice(IN_FOOT).some(({ path }) => path === current?.path);
  return (
    <nav class="bottom-nav" aria-label="Pages">
      {pages.slice(0, IN_FOOT).map((entry) => (
        <Link
          key={entry.path}
          page={entry.path}
          params={scopeParams(params)}
          class="bottom-link"
          isCurrent={entry.path === current?.path}
        >
          <Icon name={entry.icon} size={20} />
          {entry.title}
        </Link>
      ))}
      <Popover label="More pages" class={`bottom-more ${isMore ? "current" : ""}`} icon="more" text="More" align="end">
        {(close) => (
          <div class="menu">
            {pages.slice(IN_FOOT).map((entry) => (
              <Link
                key={entry.path}
                page={entry.path}
                params={scopeParams(params)}
                class="choice"
                isCurrent={entry.path === current?.path}
                onGo={close}
              >
                <Icon name={entry.icon} />
                <span class="choice-text">{entry.title}</span>
              </Link>
            ))}
          </div>
        )}
      </Popover>
    </nav>
  );
}
