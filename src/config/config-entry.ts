/** Where a value of the configuration was written. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

/** One value as an operator wrote it. Every layer (file, environment, flags) is converted to entries. */
export interface Entry {
  /** `["server", "port"]`, `["providers", "openai", "upstream"]`; a provider's name may contain dots. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: Origin;
  /** In a file, the position of each name of the path. */
  readonly keys?: readonly Place[];
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "file":
      return `${origin.file}:${origin.line}`;
    case "env":
      return origin.name;
    case "flag":
      return origin.name;
  }
}

/** Source and position of an issue about a name in the entry's path. */
export function sourceOfKey(entry: Entry, depth: number): ReturnType<typeof sourceOf> {
  return { ...sourceOf(entry.origin), ...entry.keys?.[depth] };
}

/** Source and position of an issue about a value. */
export function sourceOf(origin: Origin): {
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
} {
  switch (origin.kind) {
    case "default":
      return { source: "default" };
    case "file":
      return { source: origin.file, line: origin.line, column: origin.column };
    case "env":
      return { source: `environment variable ${origin.name}` };
    case "flag":
      return { source: `option ${origin.name}` };
  }
}
