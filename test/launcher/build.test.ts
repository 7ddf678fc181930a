import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

const REPOSITORY = join(import.meta.dirname, "../..");
const MAIN = "dist/src/cli/main.js";
const WORKERS = ["src/workers/data/data-worker", "src/workers/ledger/ledger-worker"];

/** A checkout whose gateway is three small files. */
function smallCheckout(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "lmgate-build-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const name of ["scripts", "package.json", "tsconfig.json", "tsconfig.build.json"]) {
    cpSync(join(REPOSITORY, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
  for (const folder of ["src/cli", "src/core", "src/workers/data", "src/workers/ledger", "dashboard"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, "dashboard/build.ts"), "");
  writeFileSync(join(root, "src/core/said.ts"), 'export const said = "first";\n');
  for (const path of ["src/cli/main", ...WORKERS]) {
    const up = path === "src/cli/main" ? "../core" : "../../core";
    writeFileSync(join(root, `${path}.ts`), `import { said } from "${up}/said.ts";\nconsole.log(said);\n`);
  }
  return root;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runNode(root: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test("builds that start together compile once, and what is not older is not compiled again", async (t) => {
  const root = smallCheckout(t);
  const build = (): Promise<Ended> => runNode(root, "scripts/build.ts", "--if-older");
  const together = await Promise.all([build(), build()]);
  const again = await build();
  const told = [...together, again].map(({ stderr }) => stderr).join("");
  assert.deepEqual(
    [...together, again].map(({ code }) => code),
    [0, 0, 0],
    told,
  );
  assert.equal(told.match(/Compiling the gateway/g)?.length, 1, told);
  for (const path of ["src/cli/main", ...WORKERS]) {
    assert.equal((await runNode(root, `dist/${path}.js`)).stdout, "first\n");
  }
  // Workers read one file only.
  for (const path of WORKERS) assert.doesNotMatch(readFileSync(join(root, `dist/${path}.js`), "utf8"), /said\.js/);
  assert.deepEqual(readdirSync(join(root, ".runtime")), []);
});

test("a build that fails leaves what was built before, and says so with its exit code", async (t) => {
  const root = smallCheckout(t);
  assert.equal((await runNode(root, "scripts/build.ts", "--if-older")).code, 0);
  writeFileSync(join(root, "src/core/said.ts"), 'export const said: number = "second";\n');
  const failed = await runNode(root, "scripts/build.ts", "--if-older");
  assert.notEqual(failed.code, 0);
  assert.match(failed.stdout, /said\.ts.*not assignable/);
  assert.equal((await runNode(root, MAIN)).stdout, "first\n");
  assert.deepEqual(readdirSync(join(root, ".runtime")), []);
});
