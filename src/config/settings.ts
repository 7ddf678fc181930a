import type { Provider } from "../core/provider.ts";
import { rowsOf, type SETTINGS, type Sections, type SettingRow } from "./config-schema.ts";

type Rows = typeof SETTINGS;
type NameOf<Row> = Row extends { readonly name: infer Name extends string } ? Name : never;
type ValueOf<Row> = Row extends SettingRow<string, infer _, infer Value> ? Value : never;

type Values = {
  readonly [Section in keyof Rows]: {
    readonly [Key in keyof Rows[Section] as NameOf<Rows[Section][Key]>]: ValueOf<Rows[Section][Key]>;
  };
};

/** The effective configuration: checked, complete and frozen. All durations in milliseconds, all sizes in bytes. */
export interface Settings extends Values {
  readonly providers: readonly Provider[];
}

export type AdminSettings = Settings["admin"];
export type StoreSettings = Settings["store"];
export type Timeouts = Settings["timeouts"];
/** Without `onClientAbort`, which each provider carries. */
export type AccountingSettings = Omit<Settings["accounting"], "onClientAbort">;

/** Converts the units of the file to those of the code. */
export function toSettings(sections: Sections, providers: readonly Provider[]): Settings {
  const values = Object.entries(sections).map(([section, written]: [string, Readonly<Record<string, unknown>>]) => {
    const rows = Object.entries(rowsOf(section) ?? {});
    return [section, Object.fromEntries<unknown>(rows.map(([key, row]) => [row.name, row.toValue(written[key])]))];
  });
  return deepFreeze<Settings>({ ...(Object.fromEntries(values) as Values), providers }); // as: the rows define both types
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
