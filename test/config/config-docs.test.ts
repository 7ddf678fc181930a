import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../src/config/config.ts";
import { settingKeys } from "../../src/config/config-schema.ts";
import { configurationFile, withSettingTables } from "../harness/config-docs.ts";
import { readDocument } from "../harness/markdown.ts";

const REMEDY = "run: npm run config-docs";

test("config/lmgate.yaml matches the settings' rows", () => {
  assert.equal(readDocument("config/lmgate.yaml"), configurationFile(), REMEDY);
});

test("the guide's tables of settings match the settings' rows", () => {
  const guide = readDocument("docs/LMGate user guide.md");
  assert.equal(guide, withSettingTables(guide), REMEDY);
});

test("config/lmgate.yaml with every comment mark removed from its settings still gives the defaults", () => {
  const keys = new Set(settingKeys().map((key) => key.split(".")[1]));
  const text = configurationFile().replaceAll(
    /^(?:# (\w+:)$|# {3}(\w+): |( +)# (\w+): )/gm,
    (match, ...parts: string[]) => {
      const [section, deep, margin, key] = parts;
      if (section !== undefined) return section;
      if (deep !== undefined) return keys.has(deep) ? `  ${deep}: ` : match;
      return keys.has(key) ? `${margin}${key}: ` : match;
    },
  );
  const read = readSettings(text, { file: "lmgate.yaml", env: {}, flags: [] });
  assert.ok("settings" in read, JSON.stringify(read));
  assert.equal(read.origins.filter(({ origin }) => origin.kind === "file").length, settingKeys().length + 3);
  const defaults = readSettings("", { file: "lmgate.yaml", env: {}, flags: [] });
  assert.ok("settings" in defaults);
  assert.deepEqual(read.settings, defaults.settings);
});
