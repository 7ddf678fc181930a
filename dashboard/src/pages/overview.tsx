import type { JSX } from "preact";
import type { Scope } from "../data/url-state.ts";
import { Tiles } from "../overview/tiles.tsx";
import { HealthStrip } from "../overview/health-strip.tsx";
import { describeRange } from "../shell/range-picker.tsx";
import { PageHead } from "../ui/panel.tsx";

export function OverviewPage({ scope }: { readonly scope: Scope }): JSX.Element {
  return (
    <>
      <PageHead title="Overview" subtitle={`${describeRange(scope)} · ${scope.tz.replaceAll("_", " ")}`} />
      <HealthStrip />
      <Tiles scope={scope} />
    </>
  );
}
