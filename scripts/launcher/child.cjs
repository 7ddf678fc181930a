"use strict";

// Runs a child process, forwards signals to it, and ends this process the way the child ended.

const childProcess = require("child_process");

const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
let signaled = false;

function noteSignal() {
  signaled = true;
}

// True once this process has received a signal that asks it to end.
function wasSignaled() {
  return signaled;
}

// Resolves when the child has ended. `forwarded` is the last signal that was sent on to it.
function runChild(command, args, options) {
  return new Promise((resolve, reject) => {
    let forwarded;
    const child = childProcess.spawn(command, args, options);
    const forward = (signal) => {
      noteSignal();
      forwarded = signal;
      child.kill(signal);
    };
    FORWARDED_SIGNALS.forEach((signal) => process.on(signal, forward));
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      FORWARDED_SIGNALS.forEach((name) => process.removeListener(name, forward));
      resolve({ code, signal, forwarded });
    });
  });
}

// A child that was killed by a signal must look so to the process that started the launcher.
function endLike(result) {
  if (result.signal) process.kill(process.pid, result.signal);
  else process.exitCode = result.code;
}

module.exports = { FORWARDED_SIGNALS, noteSignal, wasSignaled, runChild, endLike };
