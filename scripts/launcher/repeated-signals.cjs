"use strict";

// A terminal sends Ctrl-C to every process of its group. npm forwards SIGINT and SIGTERM to its script as well, and so
// does the launcher of an older Node: one keystroke arrives several times. A program takes a second signal for "end at
// once", so a signal that follows another within half a second is dropped before a listener sees it.
// `process.emit` is the only place through which all signals pass, whichever listeners the program adds later.

const REPEAT_MS = 500;

function ignoreRepeatedSignals(target, signals, onSignal) {
  const emit = target.emit;
  let lastAt = 0;
  target.emit = function (event) {
    if (signals.indexOf(event) !== -1) {
      onSignal();
      const now = Date.now();
      if (now - lastAt < REPEAT_MS) return true;
      lastAt = now;
    }
    return emit.apply(this, arguments);
  };
}

module.exports = { ignoreRepeatedSignals };
