import type { JSX } from "preact";
import { PageHead } from "../ui/panel.tsx";

export function PricesPage(): JSX.Element {
  return <PageHead title="Prices" subtitle="Where costs come from." />;
}
