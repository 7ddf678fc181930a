import type { MeasureName, Sums } from "./measures.ts";
import { metricRow, type Formula, type Metric } from "./metrics.ts";

// The formulas of metrics, twice: as SQL over the sums of measures, and in JavaScript. Both give the same number.

export type Percentile = Extract<Formula, { readonly kind: "percentile" }>;
export type SumFormula = Exclude<Formula, Percentile>;

/** `undefined` for a percentile. */
export function sumFormula(metric: Metric): SumFormula | undefined {
  const { formula } = metricRow(metric);
  return formula.kind === "percentile" ? undefined : formula;
}

/** `undefined` for a metric that is computed from sums. */
export function percentileOf(metric: Metric): Percentile | undefined {
  const { formula } = metricRow(metric);
  return formula.kind === "percentile" ? formula : undefined;
}

/** The metrics that are percentiles of this time. */
export function percentilesAmong(metrics: readonly Metric[], of: Percentile["of"]): readonly Metric[] {
  return metrics.filter((metric) => percentileOf(metric)?.of === of);
}

/** The measures whose sums the formula needs. */
export function measuresOf(formula: SumFormula): readonly MeasureName[] {
  switch (formula.kind) {
    case "count":
      return [formula.of];
    case "amount":
      return [formula.of, "idle", "requests"];
    case "ratio":
      return [formula.part, formula.whole, ...(formula.minus === undefined ? [] : [formula.minus])];
  }
}

export function formulaSql(formula: SumFormula): string {
  switch (formula.kind) {
    case "count":
      return `sum(${formula.of})::DOUBLE`;
    case "amount":
      return `coalesce(sum(${formula.of}), CASE WHEN sum(idle) = sum(requests) THEN 0 END)::DOUBLE`;
    case "ratio": {
      const { part, whole, minus, scale } = formula;
      const dividend = scale === undefined ? `sum(${part})` : `(sum(${part}) * ${scale})`;
      const divisor = minus === undefined ? `sum(${whole})` : `sum(${whole}) - sum(${minus})`;
      return `${dividend}::DOUBLE / nullif(${divisor}, 0)::DOUBLE`;
    }
  }
}

export function formulaValue(formula: SumFormula, sums: Sums): number | null {
  switch (formula.kind) {
    case "count":
      return sums(formula.of);
    case "amount":
      return sums(formula.of) ?? (sums("idle") === sums("requests") ? 0 : null);
    case "ratio": {
      const part = sums(formula.part);
      const whole = sums(formula.whole);
      if (part === null || whole === null) return null;
      const divisor = formula.minus === undefined ? whole : whole - (sums(formula.minus) ?? 0);
      // SQL multiplies integers of any size, so the product may be beyond what a number holds exactly.
      const dividend = formula.scale === undefined ? part : Number(BigInt(part) * BigInt(formula.scale));
      return divisor === 0 ? null : dividend / divisor;
    }
  }
}

/** True if the metric's values are whole numbers. */
export function isWholeNumber(metric: Metric): boolean {
  const { unit } = metricRow(metric);
  return unit === "count" || unit === "tokens";
}
