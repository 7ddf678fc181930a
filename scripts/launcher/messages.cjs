"use strict";

const OLDEST_NODE = 24;

// An error that the person at the terminal can fix: shown as one line, without a stack trace.
function LaunchError(message) {
  this.message = message;
}

function info(line) {
  process.stderr.write("lmgate: " + line + "\n");
}

function nodeTooOld() {
  return "LMGate needs Node " + OLDEST_NODE + " or newer; this is " + process.version + ".";
}

function installNode() {
  return "Install Node " + OLDEST_NODE + " from https://nodejs.org and try again.";
}

function majorVersion(version) {
  return parseInt(version, 10);
}

module.exports = { OLDEST_NODE, LaunchError, info, nodeTooOld, installNode, majorVersion };
