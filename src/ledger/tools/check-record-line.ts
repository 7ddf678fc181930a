/** What of a record's line the audit goes by. */
export interface SoundLine {
  readonly id: string;
  readonly instance: string;
  readonly seq: number;
}

type Found = Readonly<Record<string, unknown>>;

/** The line of a record, or in words why it is none. What each field may hold in full is in `docs/record.schema.json`. */
export function readLine(text: string): SoundLine | string {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return text.includes("\0") ? "holds NUL bytes, as a file does that was truncated under its writer" : "is no JSON";
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return "is no JSON object";
  const record = found as Found; // Any object may be read by name; each member is checked below.
  const field = FIELDS.find(([name, allowed]) => !allowed(record[name]));
  if (field !== undefined) return `${field[0]} is ${shown(record[field[0]])}`;
  const { id, instance, seq } = record;
  if (typeof id !== "string" || !UUID.test(id)) return `id is ${shown(id)}`;
  if (typeof instance !== "string" || instance === "") return `instance is ${shown(instance)}`;
  if (!isCount(seq) || seq === 0) return `seq is ${shown(seq)}`;
  return { id, instance, seq };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const SHOWN = 60;

/** The ten that every record has. */
const FIELDS: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ["timestamp", (value) => typeof value === "string" && TIME.test(value)],
  ["lmgate_id", isTextOrNull],
  ["provider", (value) => typeof value === "string" && value !== ""],
  ["endpoint", (value) => typeof value === "string"],
  ["model", isTextOrNull],
  ["status", (value) => value === null || isCount(value)],
  ["input_tokens", (value) => value === null || isCount(value)],
  ["output_tokens", (value) => value === null || isCount(value)],
  ["masked_key", (value) => typeof value === "string"],
  ["error_type", isTextOrNull],
];

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
