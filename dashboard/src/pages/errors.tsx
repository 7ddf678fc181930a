import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function ErrorsPage(): JSX.Element {
  return <PageHead title="Errors &amp; limits" subtitle="What fails, and who is throttled." />;
}
