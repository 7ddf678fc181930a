import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readRegularFileSync } from "../../../config/files/read-file.ts";
import type { Terminal } from "../../context/terminal.ts";

const MAX_BYTES = 64 * 1024;

/** A key from a file, a pipe, or a person; without the line end that comes with each of them. */
export async function readKey(terminal: Terminal, file: string | undefined): Promise<string> {
  if (file !== undefined) {
    const content = readRegularFileSync(file, MAX_BYTES);
    if (!("bytes" in content)) throw new Error(`${file}: ${content.message}`);
    return content.bytes.toString("utf8").trim();
  }
  return terminal.stdin.isTTY ? await ask(terminal) : await readAll(terminal.stdin);
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array); // as: nobody has set an encoding on stdin
    length += bytes.length;
    if (length > MAX_BYTES) throw new Error("this is too long to be a key");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8").trim();
}

/** What is typed is not shown: shoulders and scrollback remember. */
async function ask({ stdin, stderr }: Terminal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  // Only now: until the line above the terminal itself shows what is typed.
  stderr.write("Key (not shown): ");
  try {
    return await new Promise((resolve, reject) => {
      lines.once("line", (line) => resolve(line.trim()));
      lines.once("close", () => reject(new Error("no key was given")));
    });
  } finally {
    lines.close();
    stderr.write("\n");
  }
}
