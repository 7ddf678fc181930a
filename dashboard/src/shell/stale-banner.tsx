import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lastResponse } from "../data/api.ts";
import { isStreamLost } from "../data/live.ts";
import type { Scope } from "../data/url-state.ts";
import { periodOf, refreshNow } from "../data/refresh.ts";
import { useStore } from "../data/store.ts";
import { formatAgo } from "../format/moment.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/state.tsx";

const LOOK_MS = 5_000;

/** Shown if the data is older than three refresh periods, or if the live stream is disconnected. */
export function StaleBanner({ scope }: { readonly scope: Scope }): JSX.Element | null {
  const responded = useStore(lastResponse);
  const isLost = useStore(isStreamLost);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const period = periodOf(scope);
  const isOld = period !== undefined && now - responded > 3 * period;
  if (!isOld && !isLost) return null;
  return (
    <Notice
      kind="warning"
      actions={
        <Button size="small" onClick={refreshNow}>
          Refresh now
        </Button>
      }
    >
      {isLost ? "The live connection was lost. Reconnecting…" : "These figures are out of date."} Last response{" "}
      {formatAgo(new Date(responded).toISOString(), now)}.
    </Notice>
  );
}
