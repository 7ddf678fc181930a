import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function SetupPage(): JSX.Element {
  return <PageHead title="Setup" subtitle="How to point a tool at the gateway." />;
}
