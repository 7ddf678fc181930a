import type { Registry } from "prom-client";

type Labels = Readonly<Record<string, string | number | undefined>>;

interface Value {
  readonly value: number;
  readonly labels: Labels;
  /** Set if it differs from the metric's name: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
}

/** The metrics of a registry in Prometheus' text format, without some labels. Series that differ only in those are summed. */
export async function redactedMetrics(registry: Registry, hidden: ReadonlySet<string>): Promise<string> {
  const metrics = await registry.getMetricsAsJSON();
  const blocks = metrics.map(({ name, help, type, values }) => {
    const sums = new Map<string, number>();
    // as: prom-client's type lacks the names of a histogram's values.
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
