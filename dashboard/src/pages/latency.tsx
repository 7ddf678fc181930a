import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function LatencyPage(): JSX.Element {
  return <PageHead title="Latency" subtitle="Durations and times to the first token." />;
}
