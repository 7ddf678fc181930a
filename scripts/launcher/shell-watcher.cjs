"use strict";

// npm starts its script through a shell. If npm ends that shell with SIGTERM, the shell does not forward the signal, and
// the gateway would continue to run after `npm start` has ended. The changed parent is the only sign of it, so it is
// polled. A process that has already received a signal is not sent a second one.

const POLL_MS = 250;

function endWithShell(target, wasSignaled) {
  const shell = target.ppid;
  const timer = setInterval(() => {
    if (target.ppid === shell) return;
    clearInterval(timer);
    if (!wasSignaled()) target.kill(target.pid, "SIGTERM");
  }, POLL_MS);
  timer.unref();
}

module.exports = { endWithShell };
