import { isIP } from "node:net";
import { z } from "zod";

/** What a value in the file must look like, and what it becomes in the code. */
export interface SettingForm<Written, Value> {
  readonly schema: z.ZodType<Written>;
  /** Completes "allowed is …" in an error and in the user guide. */
  readonly allowed: string;
  readonly toValue: (written: Written) => Value;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

const MAX_SECONDS = 86_400 * 7;
const MAX_SIZE = 1_048_576;
const BYTES = { kilobytes: 1024, megabytes: 1024 ** 2, gigabytes: 1024 ** 3 };

export const host: SettingForm<string, string> = {
  schema: z.string().refine((text) => isIP(text) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)),
  allowed: "a host name or an IP address, without port and brackets",
  toValue: unchanged,
};

export const path: SettingForm<string, string> = {
  schema: z.string().regex(/^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u),
  allowed: "a file path",
  toValue: unchanged,
};

export const trueOrFalse: SettingForm<boolean, boolean> = {
  schema: z.boolean(),
  allowed: "true or false",
  toValue: unchanged,
};

/** Seconds in the file, milliseconds in the code. */
export const seconds = secondsFrom(0.1);

export const workerCount: SettingForm<"auto" | number, "auto" | number> = {
  schema: z.union([z.literal("auto"), z.number().int().min(1).max(256)]),
  allowed: '"auto" or a whole number from 1 to 256',
  toValue: unchanged,
};

export const fileMode: SettingForm<string, number> = {
  schema: z.string().regex(/^0?[67][0-7]{2}$/),
  allowed: 'permission bits in quotes that let the owner read and write, like "0640"',
  toValue: (text) => Number.parseInt(text, 8),
};

export const logLevel: SettingForm<string, LogLevel> = {
  schema: z.string().regex(/^(?:debug|info|warn|warning|error)$/i),
  allowed: "DEBUG, INFO, WARN or ERROR",
  toValue: toLogLevel,
};

export function secondsFrom(min: number): SettingForm<number, number> {
  return {
    schema: z.number().min(min).max(MAX_SECONDS),
    allowed: `a number of seconds from ${min} to ${MAX_SECONDS}`,
    toValue: (value) => Math.round(value * 1000),
  };
}

export function whole(min: number, max: number): SettingForm<number, number> {
  return {
    schema: z.number().int().min(min).max(max),
    allowed: `a whole number from ${min} to ${max}`,
    toValue: unchanged,
  };
}

/** Megabytes or gigabytes in the file, bytes in the code. */
export function size(unit: "megabytes" | "gigabytes"): SettingForm<number, number> {
  return {
    schema: z.number().min(0.001).max(MAX_SIZE),
    allowed: `a number of ${unit} from 0.001 to ${MAX_SIZE}`,
    toValue: (value) => Math.round(value * BYTES[unit]),
  };
}

export function wholeKilobytes(min: number, max: number): SettingForm<number, number> {
  return { ...whole(min, max), toValue: (value) => value * BYTES.kilobytes };
}

export function oneOf<const Word extends string>(words: readonly Word[]): SettingForm<Word, Word> {
  return { schema: z.literal(words), allowed: listAllowed(words), toValue: unchanged };
}

/** `null` in the file is `undefined` in the code; `meaning` completes "or null …". */
export function orNull<Written, Value>(
  form: SettingForm<Written, Value>,
  meaning: string,
): SettingForm<Written | null, Value | undefined> {
  return {
    schema: form.schema.nullable(),
    allowed: `${form.allowed}, or null ${meaning}`,
    toValue: (written) => (written === null ? undefined : form.toValue(written)),
  };
}

export function listAllowed(words: readonly string[]): string {
  return words.join(" or ");
}

function unchanged<Value>(value: Value): Value {
  return value;
}

function toLogLevel(text: string): LogLevel {
  switch (text.toLowerCase()) {
    case "debug":
      return "debug";
    case "warn":
    case "warning":
      return "warn";
    case "error":
      return "error";
    default:
      return "info";
  }
}
