"use strict";

// The Node that scripts/runtime/package-lock.json pins for this platform, downloaded into .runtime/.

const childProcess = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const { npmCi, remove } = require("./install.cjs");
const { info, installNode, LaunchError, nodeTooOld } = require("./messages.cjs");

function findPinnedNode(root) {
  const source = path.join(root, "scripts", "runtime");
  const lockText = fs.readFileSync(path.join(source, "package-lock.json"), "utf8");
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = "node-" + platform + "-" + process.arch;
  const pinned = JSON.parse(lockText).packages["node_modules/" + name];
  if (!pinned) {
    throw new LaunchError(
      nodeTooOld() + " npm has no Node package for " + platform + "-" + process.arch + ". " + installNode(),
    );
  }
  // The digest gives each lockfile a directory of its own, so that an update does not reuse an older download.
  const digest = crypto.createHash("sha256").update(lockText).digest("hex").slice(0, 8);
  const directory = path.join(root, ".runtime", pinned.version + "-" + digest);
  const executable = path.join("node_modules", name, pinned.bin.node);
  return { version: pinned.version, source, directory, executable, node: path.join(directory, executable) };
}

// Installs into a temporary directory and renames it, so that an incomplete download is never used.
async function downloadNode(runtime) {
  info(nodeTooOld() + " Downloading Node " + runtime.version + " from the npm registry to .runtime/ (once).");
  const temporary = runtime.directory + "." + process.pid;
  fs.mkdirSync(temporary, { recursive: true });
  try {
    for (const file of ["package.json", "package-lock.json"]) {
      fs.copyFileSync(path.join(runtime.source, file), path.join(temporary, file));
    }
    const result = await npmCi(temporary);
    const probe = childProcess.spawnSync(path.join(temporary, runtime.executable), ["--version"], { encoding: "utf8" });
    // The probe fails if the file is missing, or was built for another C library (Alpine).
    if (result.code !== 0 || probe.status !== 0) {
      throw new LaunchError(
        "Node " + runtime.version + " could not be downloaded, or does not run on this system. " + installNode(),
      );
    }
    fs.renameSync(temporary, runtime.directory);
  } finally {
    remove(temporary);
  }
}

module.exports = { findPinnedNode, downloadNode };
