import { isIP } from "node:net";
import { z } from "zod";

/**
 * Every setting outside `providers`: its form, its default, and in words what is allowed. The words are what an
 * operator reads when a value does not fit, so they stand beside the rule.
 */

const MAX_SECONDS = 86_400 * 7;

function whole(min: number, max: number): z.ZodNumber {
  return z.number().int().min(min).max(max).describe(`a whole number from ${min} to ${max}`);
}

function seconds(min: number): z.ZodNumber {
  return z.number().min(min).max(MAX_SECONDS).describe(`a number of seconds from ${min} to ${MAX_SECONDS}`);
}

function path(): z.ZodString {
  return z
    .string()
    .regex(/^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u)
    .describe("a file path");
}

function host(): z.ZodString {
  return z
    .string()
    .refine((text) => isIP(text) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text))
    .describe("a host name or an IP address, without port and brackets");
}

function megabytes(): z.ZodNumber {
  return z.number().min(0.001).max(1_048_576).describe("a number of megabytes from 0.001 to 1048576");
}

function connections(): z.ZodNullable<z.ZodNumber> {
  return whole(1, 1_000_000).nullable().describe("a whole number from 1 to 1000000, or null for no limit");
}

const DURABILITIES = ["relaxed", "written"] as const;
const ESTIMATES = ["off", "heuristic"] as const;
export const ON_CLIENT_ABORT = ["cancel", "drain"] as const;

export function oneOf(words: readonly string[]): string {
  return words.join(" or ");
}

export const SECTIONS = z.strictObject({
  server: z.strictObject({
    host: host().default("0.0.0.0"),
    port: whole(0, 65_535).default(8080),
    workers: z
      .union([z.literal("auto"), z.number().int().min(1).max(256)])
      .describe('"auto" or a whole number from 1 to 256')
      .default("auto"),
    max_body_megabytes: megabytes()
      .nullable()
      .describe("a number of megabytes from 0.001 to 1048576, or null for no limit")
      .default(null),
    max_head_kilobytes: whole(1, 1024).default(64),
    max_headers: whole(1, 10_000).default(1000),
    max_connections: connections().default(20_000),
    max_connections_per_address: connections().default(null),
  }),
  admin: z.strictObject({
    host: host().default("127.0.0.1"),
    port: whole(0, 65_535).default(8081),
    token_path: path().default("data/admin-token"),
  }),
  auth: z.strictObject({
    allowlist_path: path().default("data/allowlist.csv"),
    poll_interval_seconds: seconds(0.1).default(30),
    allow_preflight: z.boolean().describe("true or false").default(false),
  }),
  stats: z.strictObject({
    output_path: path().default("data/stats.jsonl"),
    flush_interval_seconds: seconds(0.1).default(10),
    rotate_megabytes: megabytes().default(100),
    file_mode: z
      .string()
      .regex(/^0?[67][0-7]{2}$/)
      .describe('permission bits in quotes that let the owner read and write, like "0640"')
      .default("0640"),
    durability: z.literal(DURABILITIES).describe(oneOf(DURABILITIES)).default("relaxed"),
  }),
  pricing: z.strictObject({
    overrides_path: path().nullable().describe("a file path, or null for none").default(null),
  }),
  store: z.strictObject({
    enabled: z.boolean().describe("true or false").default(true),
    path: path().default("data/store"),
    memory_megabytes: whole(128, 1_048_576).default(512),
    threads: whole(1, 256).default(2),
    retention_days: whole(1, 36_500)
      .nullable()
      .describe("a whole number from 1 to 36500, or null to keep everything")
      .default(null),
    retention_gigabytes: z
      .number()
      .min(0.001)
      .max(1_048_576)
      .nullable()
      .describe("a number of gigabytes from 0.001 to 1048576, or null to keep everything")
      .default(null),
  }),
  logging: z.strictObject({
    level: z
      .string()
      .regex(/^(?:debug|info|warn|warning|error)$/i)
      .describe("DEBUG, INFO, WARN or ERROR")
      .default("INFO"),
  }),
  timeouts: z.strictObject({
    client_head_seconds: seconds(0.1).default(30),
    client_idle_seconds: seconds(0.1).default(75),
    client_body_idle_seconds: seconds(0.1).default(60),
    client_write_stall_seconds: seconds(0.1).default(300),
    connect_seconds: seconds(0.1).default(10),
    response_head_seconds: seconds(0.1).default(900),
    stream_idle_seconds: seconds(0.1).default(900),
    upstream_idle_seconds: seconds(0.1).default(50),
    drain_delay_seconds: seconds(0).default(0),
    drain_seconds: seconds(0).default(300),
  }),
  accounting: z.strictObject({
    estimate: z.literal(ESTIMATES).describe(oneOf(ESTIMATES)).default("heuristic"),
    on_client_abort: z.literal(ON_CLIENT_ABORT).describe(oneOf(ON_CLIENT_ABORT)).default("cancel"),
    drain_max_megabytes: megabytes().default(64),
    drain_seconds: seconds(0.1).default(300),
    drain_concurrent: whole(1, 100_000).default(100),
  }),
});

export type Sections = z.infer<typeof SECTIONS>;

type Shape = Readonly<Record<string, z.core.SomeType>>;

/** Names of the sections, `providers` included. */
export function sectionNames(): readonly string[] {
  return [...Object.keys(SECTIONS.shape), "providers"];
}

/** The settings of a section by name; `undefined` for an unknown section and for `providers`. */
export function sectionShape(section: string): Shape | undefined {
  const sections: Readonly<Record<string, { readonly shape: Shape }>> = SECTIONS.shape;
  return Object.hasOwn(sections, section) ? sections[section]?.shape : undefined;
}

/** Every setting as `section.name`. */
export function settingKeys(): readonly string[] {
  return Object.entries(SECTIONS.shape).flatMap(([name, section]) =>
    Object.keys(section.shape).map((key) => `${name}.${key}`),
  );
}

export function schemaOf(section: string, key: string): z.ZodType | undefined {
  const shape = sectionShape(section);
  if (shape === undefined || !Object.hasOwn(shape, key)) return undefined;
  const schema = shape[key];
  return schema instanceof z.ZodType ? schema : undefined;
}

/** In words, what a setting may be. */
export function allowedFor(section: string, key: string): string {
  const schema = schemaOf(section, key);
  const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  return (inner instanceof z.ZodType ? inner.description : undefined) ?? "another value";
}
