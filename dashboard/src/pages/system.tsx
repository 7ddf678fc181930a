import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function SystemPage(): JSX.Element {
  return <PageHead title="System" subtitle="How the gateway itself is." />;
}
