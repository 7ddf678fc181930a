/** The configuration as documents show it: the commented config/lmgate.yaml and the tables of the user guide. */
import { SETTING_OPTIONS } from "../../src/cli/context/settings-options.ts";
import { rowsOf, sectionNames, type AnySettingRow } from "../../src/config/config-schema.ts";

const LINE_LENGTH = 120;

const HEAD = `# LMGate's configuration. Commented-out settings show the default.
# Restart LMGate after a change. The allow-list is reloaded while it runs.
# Any setting can also come from the environment as LMGATE_SECTION__KEY, such as LMGATE_SERVER__PORT=9090.
# Validate this file with \`lmgate check\`. Show the settings in force with \`lmgate config show\`.
`;

const PROVIDERS = `# Each name is also the path prefix: /openai/v1/chat/completions.
# openai, anthropic and google are on by default. \`false\` turns one off.
providers:
  openai:
    upstream: https://api.openai.com/
  anthropic:
    upstream: https://api.anthropic.com/
  google:
    upstream: https://aiplatform.googleapis.com/
  # Most known providers need only their name.
  # gemini:
  # azure:
  #   upstream: https://my-resource.openai.azure.com/
  # Any other name is an OpenAI-compatible server.
  # my-models:
  #   upstream: http://10.0.0.5:8000/
`;

/** Settings that most operators look for first. The file sets them to their default. */
const SET: ReadonlySet<string> = new Set([
  "server.host",
  "server.port",
  "admin.host",
  "admin.port",
  "auth.allowlist_path",
  "stats.output_path",
  "logging.level",
]);

export function configurationFile(): string {
  const sections = sectionNames().flatMap((section) => {
    const rows = Object.entries(rowsOf(section) ?? {});
    return rows.length === 0 ? [] : [sectionText(section, rows)];
  });
  return [HEAD, ...sections, PROVIDERS].join("\n");
}

function sectionText(section: string, rows: readonly (readonly [string, AnySettingRow])[]): string {
  const isSet = rows.some(([key]) => SET.has(`${section}.${key}`));
  // The `#` of a section that is commented out as a whole stands at the beginning of each line.
  const margin = isSet ? "  " : "#   ";
  const settings = rows.flatMap(([key, row]) => {
    const value = key === "file_mode" ? JSON.stringify(row.initial) : String(row.initial);
    const mark = isSet && !SET.has(`${section}.${key}`) ? "# " : "";
    return [...wrap(plainText(row.description), `${margin}# `), `${margin}${mark}${key}: ${value}`];
  });
  return `${isSet ? "" : "# "}${section}:\n${settings.join("\n")}\n`;
}

/** Without the links; a link to another document becomes its path. */
function plainText(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, (_match, text: string, target: string) => {
    const [file = ""] = target.split("#");
    return file === "" ? text : `docs/${file}`;
  });
}

function wrap(text: string, prefix: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > LINE_LENGTH) lines.push(prefix + word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** The guide with the table between `<!-- settings: server -->` and `<!-- /settings -->` replaced. */
export function withSettingTables(guide: string): string {
  return guide.replaceAll(
    /(<!-- settings: (\w+) -->\n\n)[\s\S]*?(\n\n<!-- \/settings -->)/g,
    (_match, before: string, section: string, after: string) => before + settingTable(section) + after,
  );
}

function settingTable(section: string): string {
  const rows = Object.entries(rowsOf(section) ?? {}).map(([key, row]) => [
    `\`${section}.${key}\``,
    `\`${JSON.stringify(row.initial)}\``,
    row.allowed.replaceAll(/\bnull\b/g, "`null`"),
    row.description,
    SETTING_OPTIONS.flatMap(({ option, key: name }) =>
      name === `${section}.${key}` ? [`\`${option.split(" ")[0]}\``] : [],
    ).join(""),
  ]);
  const table = [["Setting", "Default", "Allowed", "Meaning", "Option"], ...rows];
  const widths = (table[0] ?? []).map((_title, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], fill: string): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`;
  const [head = [], ...body] = table;
  return [
    line(head, " "),
    line(
      head.map(() => ""),
      "-",
    ),
    ...body.map((cells) => line(cells, " ")),
  ].join("\n");
}
