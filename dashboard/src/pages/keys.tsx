import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function KeysPage(): JSX.Element {
  return <PageHead title="Keys" subtitle="Who has access." />;
}
