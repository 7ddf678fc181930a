// Installs the package of `npm pack` in another directory and runs its command there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import manifest from "../package.json" with { type: "json" };

const REPOSITORY = join(import.meta.dirname, "..");
const run = promisify(execFile);

describe("the packed package", () => {
  let scratch = "";
  let project = "";
  let packed: readonly string[] = [];

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "lmgate-package-"));
    project = join(scratch, "some project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "some-project", private: true }));
    const output = await npm(REPOSITORY, ["pack", "--json", "--pack-destination", scratch]);
    // npm prints an array with one item; newer versions an object with one property.
    const [pack] = Object.values(JSON.parse(output) as Record<string, { filename: string; files: { path: string }[] }>);
    assert.ok(pack);
    packed = pack.files.map((file) => file.path);
    await npm(project, ["install", "--prefer-offline", "--ignore-scripts", join(scratch, pack.filename)]);
  });

  after(() => rmSync(scratch, { recursive: true, force: true }));

  test("contains the compiled program, the configuration and the documents, and nothing else", () => {
    for (const needed of ["LICENSE", "README.md", "CHANGELOG.md", "config/lmgate.yaml", "dist/src/cli/main.js"]) {
      assert.ok(packed.includes(needed), `${needed} is missing`);
    }
    for (const needed of [/^dist\/dashboard\/index\.html$/, /^dist\/dashboard\/assets\/index-[\w-]+\.js$/]) {
      assert.ok(
        packed.some((path) => needed.test(path)),
        `no file matches ${needed.source}`,
      );
    }
    const known =
      /^(dist\/(src|simulator)\/.*\.js|dist\/dashboard\/(index\.html|assets\/[\w-]+\.(js|css|svg))|dist\/package\.json|dist\/src\/prices\/table\.json|package\.json|config\/lmgate\.yaml|[A-Z]+(\.md)?)$/;
    assert.deepEqual(
      packed.filter((path) => !known.test(path) || path.includes(".test.")),
      [],
    );
  });

  test("installs a command that prints its version", async () => {
    assert.match(await lmgate(["version"]), new RegExp(`^lmgate ${manifest.version.replaceAll(".", "\\.")} `));
  });

  test("installs a command whose help has examples", async () => {
    assert.match(await lmgate(["check", "--help"]), /Usage: lmgate check[\s\S]*Examples:/);
  });

  test("runs a complete gateway with all its workers", async () => {
    assert.match(await lmgate(["demo", "--once"]), /"error":"forbidden"[\s\S]*\n  total +\d/);
  });

  async function lmgate(args: readonly string[]): Promise<string> {
    return (await run(join(project, "node_modules", ".bin", "lmgate"), args, { cwd: project, env: environment() }))
      .stdout;
  }
});

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  const cli = process.env["npm_execpath"];
  const [file, first] = cli === undefined ? ["npm", []] : [process.execPath, [cli]];
  const flags = ["--prefix", cwd, "--no-audit", "--no-fund", "--loglevel=error"];
  const result = await run(file, [...first, ...args, ...flags], { cwd, env: environment() });
  return result.stdout;
}

// The package's command looks up Node on the PATH: use the Node that runs the tests.
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}` };
}
