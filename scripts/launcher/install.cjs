"use strict";

// Installs the dependencies with `npm ci`, in one process at a time.

const fs = require("fs");
const path = require("path");
const { runChild } = require("./child.cjs");
const { info, installNode, LaunchError, majorVersion } = require("./messages.cjs");

const OLDEST_NPM = 7; // the first that reads lockfileVersion 3
const LOCK_POLL_MS = 200;
const LOCK_STALE_MS = 10 * 60 * 1000;

// A signal arrived while npm was running.
function Interrupted(signal) {
  this.signal = signal;
}

async function installDependencies(root) {
  info("Installing dependencies.");
  const result = await npmCi(root);
  if (result.code === 0 && isInstalled(root)) return;
  throw new LaunchError("The dependencies could not be installed. Fix the npm error above and try again.");
}

// npm writes node_modules/.package-lock.json last, so it is missing after an interrupted install. Optional packages may
// be missing from it: they are for other platforms.
function isInstalled(root) {
  const wanted = readPackages(path.join(root, "package-lock.json"));
  const present = readPackages(path.join(root, "node_modules", ".package-lock.json"));
  if (!wanted || !present) return false;
  return Object.keys(wanted).every((key) => {
    if (key === "") return true;
    if (!present[key]) return wanted[key].optional === true || wanted[key].devOptional === true;
    return present[key].version === wanted[key].version && present[key].integrity === wanted[key].integrity;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

// The flags override what the environment may set: `npm -s`, NODE_ENV=production.
async function npmCi(directory) {
  const flags = ["--prefix", directory, "--no-global", "--ignore-scripts", "--include=dev", "--include=optional"];
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const result = await runChild(process.execPath, [findNpm(), "ci"].concat(flags, quiet), {
    cwd: directory,
    stdio: ["ignore", 2, 2],
  });
  if (result.forwarded) throw new Interrupted(result.forwarded);
  return result;
}

function findNpm() {
  const nodeDirectory = path.dirname(process.execPath);
  const candidates = [
    process.env.npm_execpath || "",
    path.join(nodeDirectory, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    path.join(nodeDirectory, "node_modules", "npm", "bin", "npm-cli.js"),
    "/usr/share/nodejs/npm/bin/npm-cli.js", // Debian's own package
  ].concat((process.env.PATH || "").split(path.delimiter).map((directory) => path.join(directory, "npm")));
  // npm_execpath names yarn or pnpm if one of those runs the script; they cannot read package-lock.json.
  const cli = candidates.map(realPath).find((file) => file && path.basename(file) === "npm-cli.js");
  if (!cli) throw new LaunchError("npm was not found. Install npm and try again.");
  const version = require(path.join(path.dirname(cli), "..", "package.json")).version;
  if (majorVersion(version) >= OLDEST_NPM) return cli;
  throw new LaunchError(
    "npm " + version + " is too old; LMGate needs npm " + OLDEST_NPM + " or newer. " + installNode(),
  );
}

function realPath(file) {
  return fs.existsSync(file) ? fs.realpathSync(file) : undefined;
}

// Runs `work` in one process at a time, unless another process has done it meanwhile.
async function underLock(root, isDone, work) {
  const lock = path.join(root, ".runtime", "lock");
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  for (let isWaiting = false; !takeLock(lock); isWaiting = true) {
    if (!isWaiting) info("Waiting for another command to finish installing or compiling.");
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  try {
    if (!isDone()) await work();
  } finally {
    remove(lock);
  }
}

function takeLock(lock) {
  try {
    fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (isAbandoned(lock)) remove(lock);
    return false;
  }
}

// True if the process that took the lock has ended, or took it very long ago.
function isAbandoned(lock) {
  try {
    const text = fs.readFileSync(lock, "utf8");
    if (Date.now() - fs.statSync(lock).mtimeMs > LOCK_STALE_MS) return true;
    if (text !== "") process.kill(Number(text), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function remove(file) {
  // fs.rmSync came with Node 14; older ones have rmdirSync and unlinkSync.
  if (fs.rmSync) return fs.rmSync(file, { recursive: true, force: true });
  if (!fs.existsSync(file)) return undefined;
  return fs.statSync(file).isDirectory() ? fs.rmdirSync(file, { recursive: true }) : fs.unlinkSync(file);
}

module.exports = { Interrupted, installDependencies, isInstalled, npmCi, findNpm, underLock, remove };
