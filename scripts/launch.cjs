"use strict";

// Every npm script starts here: `node scripts/launch.cjs <file> [arguments]` runs a file of this project under Node 24.
// Under Node 24 or newer the file runs in this process. Under an older Node the launcher downloads the pinned Node with
// npm, once, and starts itself again under that one.
// This file and those in launcher/ use only JavaScript that an old Node can parse, and no dependencies.
// They write nothing to stdout, which belongs to the program that is started.

const fs = require("fs");
const path = require("path");
const url = require("url");
const child = require("./launcher/child.cjs");
const install = require("./launcher/install.cjs");
const messages = require("./launcher/messages.cjs");
const pinnedNode = require("./launcher/pinned-node.cjs");
const repeatedSignals = require("./launcher/repeated-signals.cjs");
const shellWatcher = require("./launcher/shell-watcher.cjs");

const root = path.dirname(__dirname);

main(process.argv.slice(2)).catch((error) => {
  if (error instanceof install.Interrupted) return process.kill(process.pid, error.signal);
  if (!(error instanceof messages.LaunchError)) throw error;
  messages.info(error.message);
  process.exitCode = 1;
});

async function main(args) {
  if (args.length === 0) throw new messages.LaunchError("usage: node scripts/launch.cjs <file> [arguments]");
  if (process.env.npm_lifecycle_event) shellWatcher.endWithShell(process, child.wasSignaled);
  if (messages.majorVersion(process.versions.node) < messages.OLDEST_NODE) return runUnderPinnedNode(args);
  if (!install.isInstalled(root)) await install.once(root, () => install.isInstalled(root), install.dependencies);
  return runHere(args);
}

async function runHere(args) {
  const file = path.resolve(root, args[0]);
  repeatedSignals.ignore(process, child.FORWARDED_SIGNALS, child.noteSignal);
  process.argv.splice(1, process.argv.length, file, ...args.slice(1));
  await import(url.pathToFileURL(file).href);
}

async function runUnderPinnedNode(args) {
  const runtime = pinnedNode.find(root);
  const isDownloaded = () => fs.existsSync(runtime.node);
  if (!isDownloaded()) await install.once(root, isDownloaded, () => pinnedNode.download(runtime));
  const env = Object.assign({}, process.env, {
    // Programs that look for `node` on the PATH must find this one too.
    PATH: path.dirname(runtime.node) + path.delimiter + (process.env.PATH || ""),
    npm_execpath: install.findNpm(),
  });
  const result = await child.run(runtime.node, [__filename].concat(args), { env, stdio: "inherit" });
  child.endLike(result);
}
