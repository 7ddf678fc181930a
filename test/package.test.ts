// What `npm pack` makes, installed elsewhere as a user would, and its command run there.
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
  let place = "";
  let packed: readonly string[] = [];

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "lmgate-package-"));
    place = join(scratch, "some project");
    mkdirSync(place);
    writeFileSync(join(place, "package.json"), JSON.stringify({ name: "some-project", private: true }));
    const told = await npm(REPOSITORY, ["pack", "--json", "--pack-destination", scratch]);
    // npm prints an array of one; newer ones an object with one member.
    const [pack] = Object.values(JSON.parse(told) as Record<string, { filename: string; files: { path: string }[] }>);
    assert.ok(pack);
    packed = pack.files.map((file) => file.path);
    await npm(place, ["install", "--prefer-offline", "--ignore-scripts", join(scratch, pack.filename)]);
  });

  after(() => rmSync(scratch, { recursive: true, force: true }));

  test("holds the compiled program, the configuration and the documents, and nothing else", () => {
    for (const needed of ["LICENSE", "README.md", "CHANGELOG.md", "config/lmgate.yaml", "dist/src/cli/main.js"]) {
      assert.ok(packed.includes(needed), `${needed} is missing`);
    }
    for (const needed of [/^dist\/dashboard\/index\.html$/, /^dist\/dashboard\/assets\/index-[\w-]+\.js$/]) {
      assert.ok(
        packed.some((path) => needed.test(path)),
        `nothing is like ${needed.source}`,
      );
    }
    const known =
      /^(dist\/(src|simulator)\/.*\.js|dist\/dashboard\/(index\.html|assets\/[\w-]+\.(js|css|svg))|dist\/package\.json|dist\/src\/prices\/table\.json|package\.json|config\/lmgate\.yaml|[A-Z]+(\.md)?)$/;
    assert.deepEqual(
      packed.filter((path) => !known.test(path) || path.includes(".test.")),
      [],
    );
  });

  test("gives a command that tells its version", async () => {
    assert.match(await lmgate(["version"]), new RegExp(`^lmgate ${manifest.version.replaceAll(".", "\\.")} `));
  });

  test("gives a command that explains itself with examples", async () => {
    assert.match(await lmgate(["check", "--help"]), /Usage: lmgate check[\s\S]*Examples:/);
  });

  test("runs a whole gateway with all its threads", async () => {
    assert.match(await lmgate(["demo", "--once"]), /"error":"forbidden"[\s\S]*\n  total +\d/);
  });

  async function lmgate(args: readonly string[]): Promise<string> {
    return (await run(join(place, "node_modules", ".bin", "lmgate"), args, { cwd: place, env: environment() })).stdout;
  }
});

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  const cli = process.env["npm_execpath"];
  const [file, first] = cli === undefined ? ["npm", []] : [process.execPath, [cli]];
  const flags = ["--prefix", cwd, "--no-audit", "--no-fund", "--loglevel=error"];
  const told = await run(file, [...first, ...args, ...flags], { cwd, env: environment() });
  return told.stdout;
}

// The package's command finds its Node on the PATH; let it be the one that runs the tests.
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}` };
}
