import type { Registry } from "prom-client";

type Labels = Readonly<Record<string, string | number | undefined>>;

interface Value {
  readonly value: number;
  readonly labels: Labels;
  /** Where it is not the metric's own: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
}

/** What a registry says, in Prometheus' text format, but for some labels: series that differ in those alone are added up. */
export async function redactedMetrics(registry: Registry, hidden: ReadonlySet<string>): Promise<string> {
  const metrics = await registry.getMetricsAsJSON();
  const blocks = metrics.map(({ name, help, type, values }) => {
    const sums = new Map<string, number>();
    // The library's type leaves out the names that a histogram's values have.
    for (const { value, labels, metricName } of values as readonly Value[]) {
      const series = `${metricName ?? name}${labelText(labels, hidden)}`;
      sums.set(series, (sums.get(series) ?? 0) + value);
    }
    const lines = [...sums].map(([series, sum]) => `${series} ${sum}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

function labelText(labels: Labels, hidden: ReadonlySet<string>): string {
  const shown = Object.entries(labels).filter(([name]) => !hidden.has(name));
  if (shown.length === 0) return "";
  return `{${shown.map(([name, value]) => `${name}="${escaped(String(value))}"`).join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
