"use strict";

// Every npm script starts here: `node scripts/launch.cjs <file> [arguments]` runs a file of this project under Node 24.
// Under Node 24 or newer the file runs in this very process. Under an older Node the one pinned in scripts/runtime is
// fetched once, with npm, into .runtime/, and this launcher starts itself again under that one.
// Plain old JavaScript on purpose: whatever Node a machine carries must be able to read it.
// Nothing here writes to stdout; that belongs to the program started.

const childProcess = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const url = require("url");

const OLDEST_NODE = 24;
const OLDEST_NPM = 7; // the first that reads lockfileVersion 3
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"];
const ECHO_MS = 500;
const SHELL_POLL_MS = 250;
const LOCK_POLL_MS = 200;
const LOCK_STALE_MS = 10 * 60 * 1000;

const root = path.dirname(__dirname);
const runtimeHome = path.join(root, ".runtime");
let told = false; // whether a signal to end has come

main(process.argv.slice(2)).catch((error) => {
  if (error instanceof Interrupted) return process.kill(process.pid, error.signal);
  if (!(error instanceof Refusal)) throw error;
  say(error.message);
  process.exitCode = 1;
});

async function main(args) {
  if (args.length === 0) throw new Refusal("usage: node scripts/launch.cjs <file> [arguments]");
  endWithShell();
  if (major(process.versions.node) < OLDEST_NODE) return startAgain(args);
  if (!isInstalled()) await underLock(isInstalled, install);
  return startHere(args);
}

async function startHere(args) {
  const file = path.resolve(root, args[0]);
  ignoreEchoes();
  process.argv.splice(1, process.argv.length, file, ...args.slice(1));
  await import(url.pathToFileURL(file).href);
}

async function startAgain(args) {
  const runtime = pinnedRuntime();
  const isFetched = () => fs.existsSync(runtime.node);
  if (!isFetched()) await underLock(isFetched, () => fetchRuntime(runtime));
  const env = Object.assign({}, process.env, {
    // Tools that look for `node` on the PATH must find this one too.
    PATH: path.dirname(runtime.node) + path.delimiter + (process.env.PATH || ""),
    npm_execpath: npmCli(),
  });
  finishLike(await run(runtime.node, [__filename].concat(args), { env, stdio: "inherit" }));
}

// npm passes SIGINT and SIGTERM on to its script, and an older Node's launcher does so once more, although a terminal has
// already sent Ctrl-C to all of them. One keystroke must not count as two: the second means "end at once".
function ignoreEchoes() {
  const emit = process.emit;
  let last = 0;
  process.emit = function (event) {
    if (PASSED_ON.indexOf(event) !== -1) {
      told = true;
      const now = Date.now();
      if (now - last < ECHO_MS) return true;
      last = now;
    }
    return emit.apply(this, arguments);
  };
}

// npm starts its script through a shell, and a shell that npm ends with SIGTERM passes nothing on. That it is gone is the
// only sign: without this, `npm start` could be ended and the gateway run on.
function endWithShell() {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    if (!told) process.kill(process.pid, "SIGTERM");
  }, SHELL_POLL_MS);
  watch.unref();
}

// The Node for this platform, as scripts/runtime/package-lock.json pins it.
function pinnedRuntime() {
  const lockText = fs.readFileSync(path.join(__dirname, "runtime", "package-lock.json"), "utf8");
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = "node-" + platform + "-" + process.arch;
  const pinned = JSON.parse(lockText).packages["node_modules/" + name];
  if (!pinned) {
    throw new Refusal(
      needsNode() + " No ready-made one can be fetched for " + platform + "-" + process.arch + ": " + installNode(),
    );
  }
  const digest = crypto.createHash("sha256").update(lockText).digest("hex").slice(0, 8);
  const directory = path.join(runtimeHome, pinned.version + "-" + digest);
  const inside = path.join("node_modules", name, pinned.bin.node);
  return { version: pinned.version, directory, inside, node: path.join(directory, inside) };
}

// Installs beside its final place and renames, so that a half-fetched runtime is never mistaken for a whole one.
async function fetchRuntime(runtime) {
  say(needsNode() + " Fetching Node " + runtime.version + " from the npm registry into .runtime/, once.");
  const draft = runtime.directory + "." + process.pid;
  fs.mkdirSync(draft, { recursive: true });
  try {
    for (const file of ["package.json", "package-lock.json"]) {
      fs.copyFileSync(path.join(__dirname, "runtime", file), path.join(draft, file));
    }
    const result = await npmCi(draft);
    const probe = childProcess.spawnSync(path.join(draft, runtime.inside), ["--version"], { encoding: "utf8" });
    // A missing file, or one built for another C library (Alpine), ends here.
    if (result.code !== 0 || probe.status !== 0) {
      throw new Refusal("Node " + runtime.version + " could not be fetched, or does not run here. " + installNode());
    }
    fs.renameSync(draft, runtime.directory);
  } finally {
    remove(draft);
  }
}

async function install() {
  say("Installing the dependencies, once.");
  const result = await npmCi(root);
  if (result.code === 0 && isInstalled()) return;
  throw new Refusal("The dependencies could not be installed (npm's own words stand above). Mend that and try again.");
}

// npm keeps a record of what it installed and writes it last, so a broken-off install leaves none. What is optional may
// be missing there: it is for other platforms.
function isInstalled() {
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

// The flags undo what the calling npm or its user may have set in the environment: `npm -s`, NODE_ENV=production.
async function npmCi(directory) {
  const flags = ["--prefix", directory, "--no-global", "--ignore-scripts", "--include=dev", "--include=optional"];
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const result = await run(process.execPath, [npmCli(), "ci"].concat(flags, quiet), {
    cwd: directory,
    stdio: ["ignore", 2, 2],
  });
  if (result.passedOn) throw new Interrupted(result.passedOn);
  return result;
}

function npmCli() {
  const beside = path.dirname(process.execPath);
  const places = [
    process.env.npm_execpath || "",
    path.join(beside, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    path.join(beside, "node_modules", "npm", "bin", "npm-cli.js"),
    "/usr/share/nodejs/npm/bin/npm-cli.js", // Debian's own package
  ].concat((process.env.PATH || "").split(path.delimiter).map((directory) => path.join(directory, "npm")));
  // npm_execpath names yarn or pnpm where one of those runs the script; those cannot read package-lock.json.
  const cli = places.map(realPath).find((file) => file && path.basename(file) === "npm-cli.js");
  if (!cli) throw new Refusal("npm was not found. Install it, or run `npm ci` where it is, and try again.");
  const version = require(path.join(path.dirname(cli), "..", "package.json")).version;
  if (major(version) < OLDEST_NPM) throw new Refusal("npm " + version + " is too old for LMGate. " + installNode());
  return cli;
}

function realPath(file) {
  return fs.existsSync(file) ? fs.realpathSync(file) : undefined;
}

// One process prepares, the others wait for it. The lock of a process that is gone, or very old, is not respected.
async function underLock(isDone, work) {
  const lock = path.join(runtimeHome, "lock");
  fs.mkdirSync(runtimeHome, { recursive: true });
  for (let waiting = false; !takeLock(lock); waiting = true) {
    if (!waiting) say("Waiting for another command that is installing.");
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

function run(command, args, options) {
  return new Promise((resolve, reject) => {
    let passedOn;
    const child = childProcess.spawn(command, args, options);
    const passOn = (signal) => {
      told = true;
      passedOn = signal;
      child.kill(signal);
    };
    PASSED_ON.forEach((signal) => process.on(signal, passOn));
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      PASSED_ON.forEach((name) => process.removeListener(name, passOn));
      resolve({ code, signal, passedOn });
    });
  });
}

// Ends this process the way the child ended, death by signal included.
function finishLike(result) {
  if (result.signal) process.kill(process.pid, result.signal);
  else process.exitCode = result.code;
}

function remove(file) {
  // The first came with Node 14; the second is its older name for directories.
  if (fs.rmSync) return fs.rmSync(file, { recursive: true, force: true });
  if (!fs.existsSync(file)) return undefined;
  return fs.statSync(file).isDirectory() ? fs.rmdirSync(file, { recursive: true }) : fs.unlinkSync(file);
}

function needsNode() {
  return "LMGate needs Node " + OLDEST_NODE + " or newer; this is " + process.version + ".";
}

function installNode() {
  return "Install Node " + OLDEST_NODE + " (https://nodejs.org) and try again.";
}

function major(version) {
  return parseInt(version, 10);
}

function say(line) {
  process.stderr.write("lmgate: " + line + "\n");
}

// Something the person at the terminal can mend: shown as one line, without a stack.
function Refusal(message) {
  this.message = message;
}

// The person at the terminal changed their mind while something was being installed.
function Interrupted(signal) {
  this.signal = signal;
}
