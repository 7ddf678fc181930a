import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, openSession, session } from "./data/api.ts";
import { followHistory, readScope, useUrlState } from "./data/url-state.ts";
import { useRefreshClock } from "./data/refresh.ts";
import { useStore } from "./data/store.ts";
import { GlobalBar } from "./shell/global-bar.tsx";
import { HelpSheet } from "./shell/help-sheet.tsx";
import { useKeyboard } from "./shell/keyboard.ts";
import { findPage, type MatchedPage } from "./shell/routes.ts";
import { BottomNav, Sidebar } from "./shell/sidebar.tsx";
import { SignIn } from "./shell/sign-in.tsx";
import { StaleBanner } from "./shell/stale-banner.tsx";
import { PageHead } from "./ui/panel.tsx";
import { Empty, Failure } from "./ui/state.tsx";
import { Toasts } from "./ui/toast.tsx";

export function App(): JSX.Element {
  const info = useStore(session);
  const [error, setError] = useState<ApiError | null>(null);
  const open = (): void => {
    setError(null);
    openSession().catch((reason: unknown) =>
      setError(reason instanceof ApiError ? reason : new ApiError(0, undefined)),
    );
  };
  useEffect(open, []);
  useEffect(followHistory, []);
  if (error) {
    return (
      <main class="sign-in">
        <h1 class="visually-hidden">LMGate</h1>
        <Failure error={error} onRetry={open} />
      </main>
    );
  }
  if (info === undefined) return <main aria-busy="true" />;
  return info.signedIn ? <SignedInApp /> : <SignIn />;
}

function SignedInApp(): JSX.Element {
  const { page, params } = useUrlState();
  const scope = useMemo(() => readScope(params), [params]);
  const found = findPage(page);
  useRefreshClock(scope);
  useKeyboard();
  useEffect(() => {
    document.title = found === undefined ? "LMGate" : `${found.title} · LMGate`;
  }, [found?.title]);
  return (
    <>
      <a class="skip-link" href="#content" onClick={skip}>
        Skip to content
      </a>
      <div class="shell">
        <Sidebar current={found} />
        <div class="page-column">
          <GlobalBar scope={scope} isTimeless={found?.isTimeless === true && found.rest === ""} />
          <main id="content" tabIndex={-1}>
            <StaleBanner scope={scope} />
            {found === undefined ? <NotFoundPage /> : <CurrentPage found={found} scope={scope} />}
          </main>
        </div>
        <BottomNav current={found} />
      </div>
      <HelpSheet />
      <Toasts />
    </>
  );
}

function CurrentPage({
  found,
  scope,
}: {
  readonly found: MatchedPage;
  readonly scope: ReturnType<typeof readScope>;
}): JSX.Element {
  const Page = found.rest === "" ? found.page : (found.detail ?? found.page);
  return <Page key={found.path + found.rest} scope={scope} rest={found.rest} />;
}

function NotFoundPage(): JSX.Element {
  return (
    <>
      <PageHead title="Page not found" />
      <Empty title="This page does not exist">Use the navigation to find a page.</Empty>
    </>
  );
}

/** Moves the focus without changing the address, because a fragment would add a step to the browser's history. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
