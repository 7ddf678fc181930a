import type { Metric, Series } from "../../../src/admin/api/contract.ts";
import { metricLook } from "./metric.ts";
import { isKnown } from "./number.ts";

type Compared = Pick<Series, "total" | "previous">;

/** How a metric changed compared with the previous period; `null` where either is unknown or there was nothing. */
export function changeOf({ total, previous }: Compared, metric: Metric): number | null {
  const now = total[metric];
  const before = previous?.[metric];
  if (!isKnown(now) || !isKnown(before) || before === 0) return null;
  return now / before - 1;
}

/** Why `changeOf` is `null`. */
export function noChangeReason({ total, previous }: Compared, metric: Metric): string {
  const before = previous?.[metric];
  if (!isKnown(total[metric])) return "No data for this period";
  return isKnown(before)
    ? `${metricLook(metric).exactly(before)} in the previous period`
    : "No data for the previous period";
}
