// Part of `npm run check`: limits the compressed size of all files that a browser loads for the dashboard.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 100 * 1024;

const directory = join(import.meta.dirname, "../dist/dashboard");
const files = globSync(["index.html", "assets/*.{js,css,svg}"], { cwd: directory });
const sizes = files.map((file) => ({ file, bytes: gzipSync(readFileSync(join(directory, file))).length }));
const sum = sizes.reduce((total, { bytes }) => total + bytes, 0);
for (const { file, bytes } of sizes) console.log(`${String(bytes).padStart(8)} ${file}`);
console.log(`${String(sum).padStart(8)} of ${LIMIT_BYTES} bytes, gzip`);
if (files.length < 3) throw new Error("dist/dashboard/ is incomplete; run `npm run build`");
if (sum > LIMIT_BYTES) process.exitCode = 1;
