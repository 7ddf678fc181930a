// Formats numbers. An unknown number is a dash, never a zero, and the caller shows the reason beside it.

export const DASH = "—";
/** Between a number and its unit: a narrow space that does not break. */
const GAP = "\u202f";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

type Known = number | null | undefined;

export function isKnown(value: Known): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** $0.0042, $12.34, $12.3 k: precise if small, short if large. */
export function formatCost(value: Known): string {
  if (!isKnown(value)) return DASH;
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size === 0) return "$0";
  if (size < 0.000_001) return `${sign}<$0.000001`;
  if (size < 0.01)
    return `${sign}$${Number(size.toPrecision(2)).toFixed(Math.min(6, 1 - Math.floor(Math.log10(size))))}`;
  if (size < 0.1) return `${sign}$${size.toFixed(3)}`;
  if (size < 1_000) return `${sign}$${size.toFixed(2)}`;
  if (size < 10_000) return `${sign}$${grouped.format(size)}`;
  return `${sign}$${scaled(size)}`;
}

/** All digits, for tooltips and copying. */
export function formatCostExactly(value: Known): string {
  if (!isKnown(value)) return DASH;
  const maximumFractionDigits = Math.abs(value) < 1 ? 6 : 4;
  return value.toLocaleString("en-US", { style: "currency", currency: "USD", maximumFractionDigits });
}

/** Per 1M tokens, as price lists write it: $3, $0.30, $0.075. */
export function formatPrice(value: Known): string {
  if (!isKnown(value)) return DASH;
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 6 })}`;
}

/** 999, 1,234, 12.3 k, 1.2 M. */
export function formatCount(value: Known): string {
  if (!isKnown(value)) return DASH;
  return Math.abs(value) < 10_000 ? grouped.format(value) : scaled(value);
}

export function formatCountExactly(value: Known): string {
  return isKnown(value) ? grouped.format(value) : DASH;
}

/** "1 request", "2,345 requests". */
export function formatQuantity(count: number, one: string): string {
  return `${formatCountExactly(count)} ${one}${count === 1 ? "" : "s"}`;
}

export function formatShare(value: Known): string {
  if (!isKnown(value)) return DASH;
  const percent = value * 100;
  const size = Math.abs(percent);
  if (size > 0 && size < 0.01) return `<0.01${GAP}%`;
  const digits = size === 0 || size === 100 ? 0 : size < 1 ? 2 : 1;
  return `${percent.toFixed(digits)}${GAP}%`;
}

export function formatDuration(ms: Known): string {
  if (!isKnown(ms)) return DASH;
  if (ms < 1) return `${ms.toFixed(2)}${GAP}ms`;
  if (ms < 10) return `${ms.toFixed(1)}${GAP}ms`;
  if (ms < 1_000) return `${Math.round(ms)}${GAP}ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)}${GAP}s`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}${GAP}s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}${GAP}m${GAP}${String(seconds % 60).padStart(2, "0")}${GAP}s`;
}

export function formatRate(value: Known): string {
  return isKnown(value) ? `${value < 100 ? value.toFixed(1) : grouped.format(value)}${GAP}/s` : DASH;
}

export function formatBytes(value: Known): string {
  if (!isKnown(value)) return DASH;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const number = value / 1_000 ** power;
  return `${power === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)}${GAP}${units[power]}`;
}

function scaled(value: number): string {
  const units = ["", "k", "M", "B", "T"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.abs(value)) / 3));
  const number = value / 1_000 ** power;
  // 999.96 k is shown as 1 M.
  if (Math.abs(number) >= 999.5 && power < units.length - 1)
    return `${(number / 1_000).toFixed(1)}${GAP}${units[power + 1]}`;
  return `${Math.abs(number) >= 100 ? number.toFixed(0) : number.toFixed(1)}${GAP}${units[power]}`;
}
