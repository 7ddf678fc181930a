import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readRegularFileSync } from "../../../config/files/read-file.ts";
import type { Terminal } from "../../context/terminal.ts";

const MAX_BYTES = 64 * 1024;

/** Reads a key from a file, a pipe or a prompt, without surrounding white space. */
export async function readKey(terminal: Terminal, file: string | undefined): Promise<string> {
  if (file !== undefined) {
    const content = readRegularFileSync(file, MAX_BYTES);
    if (!("bytes" in content)) throw new Error(`${file}: ${content.message}`);
    return content.bytes.toString("utf8").trim();
  }
  return terminal.stdin.isTTY ? await prompt(terminal) : await readAll(terminal.stdin);
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array); // as: stdin has no encoding
    length += bytes.length;
    if (length > MAX_BYTES) throw new Error("the input is too long for a key (limit: 64 KB)");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8").trim();
}

/** Reads without echo, so that the key does not stay on the screen or in the scrollback. */
async function prompt({ stdin, stderr }: Terminal): Promise<string> {
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: discard, terminal: true });
  // The prompt follows the line above, which turns off the terminal's own echo.
  stderr.write("Key (not shown): ");
  try {
    return await new Promise((resolve, reject) => {
      lines.once("line", (line) => resolve(line.trim()));
      lines.once("close", () => reject(new Error("no key was entered")));
    });
  } finally {
    lines.close();
    stderr.write("\n");
  }
}
