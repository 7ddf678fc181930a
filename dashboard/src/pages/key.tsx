import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function KeyPage(): JSX.Element {
  return <PageHead title="Key" subtitle="One key." />;
}
