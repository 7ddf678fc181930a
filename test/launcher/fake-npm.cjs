"use strict";

// A fake npm: it logs each run, then creates the files that `npm ci` would. A runtime is a link to the Node of the test.
const fs = require("node:fs");
const path = require("node:path");

const directory = process.argv[process.argv.indexOf("--prefix") + 1];
const { INSTALL_LOG, INSTALL_FAILS, INSTALL_WAITS_FOR } = process.env;
fs.appendFileSync(INSTALL_LOG, `${process.argv[2]} ${path.basename(directory)}\n`);
if (INSTALL_FAILS) {
  process.stderr.write("npm error the registry is unavailable\n");
  process.exit(1);
}
if (INSTALL_WAITS_FOR) {
  const directoryToWatch = path.dirname(INSTALL_WAITS_FOR);
  const watcher = fs.watch(directoryToWatch, installOnceReleased);
  process.stdout.write("downloading\n");
  installOnceReleased();
  function installOnceReleased() {
    // The test has ended, and the parent of this process may have been killed.
    if (!fs.existsSync(directoryToWatch)) process.exit(1);
    if (!fs.existsSync(INSTALL_WAITS_FOR)) return;
    watcher.close();
    install();
  }
} else {
  install();
}

function install() {
  const { packages } = JSON.parse(fs.readFileSync(path.join(directory, "package-lock.json"), "utf8"));
  fs.mkdirSync(path.join(directory, "node_modules"), { recursive: true });
  fs.writeFileSync(path.join(directory, "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
  for (const [name, entry] of Object.entries(packages)) {
    if (entry.bin?.node === undefined) continue;
    const link = path.join(directory, name, entry.bin.node);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(process.execPath, link);
  }
  process.stdout.write("added some packages\n");
}
