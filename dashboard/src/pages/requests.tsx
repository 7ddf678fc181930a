import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function RequestsPage(): JSX.Element {
  return <PageHead title="Requests" subtitle="Live calls, newest first." />;
}
