"use strict";

// Preloaded into the launcher only: makes the Node that runs the test look like an older one.
const { NODE_VERSION = "20.19.0", NODE_PLATFORM = process.platform } = process.env;
Object.defineProperty(process, "version", { value: `v${NODE_VERSION}` });
Object.defineProperty(process, "versions", { value: { ...process.versions, node: NODE_VERSION } });
Object.defineProperty(process, "platform", { value: NODE_PLATFORM });
