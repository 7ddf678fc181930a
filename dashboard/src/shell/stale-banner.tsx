import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lastAnswer } from "../data/api.ts";
import { isStreamLost } from "../data/live.ts";
import type { Scope } from "../data/url-state.ts";
import { periodOf, refreshNow } from "../data/refresh.ts";
import { useStore } from "../data/store.ts";
import { formatAgo } from "../format/moment.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/state.tsx";

const LOOK_MS = 5_000;

/** Says so when what is shown is older than three times the refresh, or the live stream is gone. */
export function StaleBanner({ scope }: { readonly scope: Scope }): JSX.Element | null {
  const answered = useStore(lastAnswer);
  const isLost = useStore(isStreamLost);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const period = periodOf(scope);
  const isOld = period !== undefined && now - answered > 3 * period;
  if (!isOld && !isLost) return null;
  return (
    <Notice
      kind="warning"
      actions={
        <Button size="small" onClick={refreshNow}>
          Try now
        </Button>
      }
    >
      {isLost ? "The live connection was lost; trying again." : "These figures are not up to date."} Last answer{" "}
      {formatAgo(new Date(answered).toISOString(), now)}.
    </Notice>
  );
}
