// Runs every page test in one process with one browser; `npm test` runs this file in place of the single ones.
import { globSync } from "node:fs";

for (const file of globSync("*.test.ts", { cwd: import.meta.dirname }).toSorted()) await import(`./${file}`);
