"use strict";

// Every npm script starts here: `node scripts/launch.cjs <file> [arguments]` runs a file of this project under Node 24.
// Under Node 24 or newer the file runs in this process. Under an older Node the launcher downloads the pinned Node with
// npm, once, and starts itself again under that one.
// This file and those in launcher/ use only JavaScript that an old Node can parse, and no dependencies.
// They write nothing to stdout, which belongs to the program that is started.

const fs = require("fs");
const path = require("path");
const url = require("url");
const { endLike, FORWARDED_SIGNALS, noteSignal, runChild, wasSignaled } = require("./launcher/child.cjs");
const { findNpm, installDependencies, Interrupted, isInstalled, underLock } = require("./launcher/install.cjs");
const { info, LaunchError, majorVersion, OLDEST_NODE } = require("./launcher/messages.cjs");
const { downloadNode, findPinnedNode } = require("./launcher/pinned-node.cjs");
const { ignoreRepeatedSignals } = require("./launcher/repeated-signals.cjs");
const { endWithShell } = require("./launcher/shell-watcher.cjs");

const root = path.dirname(__dirname);

main(process.argv.slice(2)).catch((error) => {
  if (error instanceof Interrupted) return process.kill(process.pid, error.signal);
  if (!(error instanceof LaunchError)) throw error;
  info(error.message);
  process.exitCode = 1;
});

async function main(args) {
  if (args.length === 0) throw new LaunchError("usage: node scripts/launch.cjs <file> [arguments]");
  if (process.env.npm_lifecycle_event) endWithShell(process, wasSignaled);
  if (majorVersion(process.versions.node) < OLDEST_NODE) return runUnderPinnedNode(args);
  const isDone = () => isInstalled(root);
  if (!isDone()) await underLock(root, isDone, () => installDependencies(root));
  return runHere(args);
}

async function runHere(args) {
  const file = fileToRun(args[0]);
  useCompileCache();
  ignoreRepeatedSignals(process, FORWARDED_SIGNALS, noteSignal);
  process.argv.splice(1, process.argv.length, file, ...args.slice(1));
  await import(url.pathToFileURL(file).href);
}

// A checkout that could not be compiled starts from its sources.
function fileToRun(name) {
  const file = path.resolve(root, name);
  if (fs.existsSync(file) || name.indexOf("dist/") !== 0) return file;
  return path.resolve(root, name.replace("dist/", "").replace(/\.js$/, ".ts"));
}

// Node keeps what V8 compiled, for this process, its workers and its children.
function useCompileCache() {
  const variable = "NODE_COMPILE_CACHE";
  if (!process.env[variable]) process.env[variable] = path.join(root, ".runtime", "compile-cache");
  require("module").enableCompileCache(process.env[variable]);
}

async function runUnderPinnedNode(args) {
  const runtime = findPinnedNode(root);
  const isDownloaded = () => fs.existsSync(runtime.node);
  if (!isDownloaded()) await underLock(root, isDownloaded, () => downloadNode(runtime));
  const env = Object.assign({}, process.env, {
    // Programs that look for `node` on the PATH must find this one too.
    PATH: path.dirname(runtime.node) + path.delimiter + (process.env.PATH || ""),
    npm_execpath: findNpm(),
  });
  const result = await runChild(runtime.node, [__filename].concat(args), { env, stdio: "inherit" });
  endLike(result);
}
