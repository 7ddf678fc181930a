/** The members of a record that the audit compares across lines. */
export interface RecordKeys {
  readonly id: string;
  readonly instance: string;
  readonly seq: number;
}

type ParsedRecord = Readonly<Record<string, unknown>>;

/** Returns a text that says what is wrong if the line is not a record. `docs/record.schema.json` has the full rules. */
export function checkRecordLine(text: string): RecordKeys | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text.includes("\0")
      ? "contains NUL bytes: the file was truncated while a process was writing it"
      : "is not JSON";
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return "is not a JSON object";
  const record = parsed as ParsedRecord; // as: any object may be read by name; each member is checked below.
  const field = REQUIRED_FIELDS.find(([name, isValid]) => !isValid(record[name]));
  if (field !== undefined) return `${field[0]} is ${format(record[field[0]])}`;
  const { id, instance, seq } = record;
  if (typeof id !== "string" || !UUID.test(id)) return `id is ${format(id)}`;
  if (typeof instance !== "string" || instance === "") return `instance is ${format(instance)}`;
  if (!isCount(seq) || seq === 0) return `seq is ${format(seq)}`;
  return { id, instance, seq };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const MAX_SHOWN_LENGTH = 60;

/** The ten fields that every record has. */
const REQUIRED_FIELDS: readonly (readonly [string, (value: unknown) => boolean])[] = [
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

function format(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
