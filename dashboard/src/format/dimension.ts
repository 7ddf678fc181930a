import type { Dimension } from "../../../src/admin/api/contract.ts";

const labels: Readonly<Record<Exclude<Dimension, `tag:${string}`>, string>> = {
  owner: "Owner",
  key: "Key",
  provider: "Provider",
  model: "Model",
  endpoint: "Endpoint",
  operation: "Operation",
  status: "Status",
  error_type: "Error type",
  client_app: "Client app",
  day: "Day",
  hour: "Hour",
  weekday: "Weekday",
};

export const dimensions = Object.keys(labels) as readonly (keyof typeof labels)[]; // keys of the object above

/** The dimensions that the filter menu offers; days are chosen with the range. */
export const filterDimensions = dimensions.filter((name) => name !== "day");

export function isDimension(text: string | null | undefined): text is Dimension {
  if (text === null || text === undefined) return false;
  return Object.hasOwn(labels, text) || (text.startsWith("tag:") && text.length > 4);
}

export function dimensionLabel(dimension: Dimension): string {
  return dimension.startsWith("tag:") ? dimension.slice(4) : labels[dimension as keyof typeof labels]; // all others are keys of the object
}

const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** Formats one value of a dimension. Unknown has a label that no value can be mistaken for. */
export function valueLabel(dimension: Dimension, value: string | null): string {
  if (value === null) return dimension === "error_type" ? "(none)" : "(unknown)";
  if (dimension === "hour") return `${value.padStart(2, "0")}:00`;
  if (dimension === "weekday") return weekdays[Number(value) - 1] ?? value;
  return value === "" ? "(empty)" : value;
}
