/** What a traced process did to the files of one directory, call by call, and what a crash may have left of it. */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

export type FileCall =
  | { readonly kind: "create"; readonly name: string }
  | { readonly kind: "write"; readonly name: string; readonly bytes: Buffer }
  | { readonly kind: "cut"; readonly name: string; readonly size: number }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "sync"; readonly name: string };

export const TRACE = [
  "-y",
  "-xx",
  "-s",
  "10000000",
  "-e",
  "trace=openat,write,ftruncate,rename,unlink,fdatasync,fsync",
];

/** Of one thread, which so does one thing after the other. */
export function fileCalls(trace: string, directory: string): readonly FileCall[] {
  const calls: FileCall[] = [];
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    const [, name = "", rest = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/.exec(line) ?? [];
    const call = Number(result) < 0 ? undefined : fileCall(name, rest, Number(result));
    if (call !== undefined && call.path.every((path) => dirname(path) === directory)) calls.push(call.call);
  }
  return calls;
}

interface Traced {
  readonly path: readonly string[];
  readonly call: FileCall;
}

function fileCall(call: string, rest: string, result: number): Traced | undefined {
  const texts = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = ""]) => bytesOf(hex));
  const paths = texts.map(String);
  const file = bytesOf(/^\d+<((?:\\x[0-9a-f]{2})*)>/.exec(rest)?.[1] ?? "").toString();
  const name = basename(file);
  const [first = "", second = ""] = paths;
  switch (call) {
    case "openat":
      return rest.includes("O_CREAT") ? { path: [first], call: { kind: "create", name: basename(first) } } : undefined;
    case "write":
      return { path: [file], call: { kind: "write", name, bytes: (texts[0] ?? Buffer.alloc(0)).subarray(0, result) } };
    case "ftruncate":
      return { path: [file], call: { kind: "cut", name, size: Number(rest.split(", ").at(-1)) } };
    case "rename":
      return { path: [first, second], call: { kind: "rename", from: basename(first), to: basename(second) } };
    case "unlink":
      return { path: [first], call: { kind: "unlink", name: basename(first) } };
    default:
      return { path: [file], call: { kind: "sync", name } };
  }
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex");
}

interface ModelFile {
  content: Buffer;
  /** How much of it would survive a power cut. */
  synced: number;
}

/** The files as they stand after some calls. Renames and new names are taken to last: their directory is synced. */
export class FileModel {
  readonly files = new Map<string, ModelFile>();

  apply(call: FileCall): void {
    switch (call.kind) {
      case "create":
        if (!this.files.has(call.name)) this.files.set(call.name, { content: Buffer.alloc(0), synced: 0 });
        break;
      case "write": {
        const file = this.#of(call.name);
        file.content = Buffer.concat([file.content, call.bytes]);
        break;
      }
      case "cut": {
        const file = this.#of(call.name);
        file.content = file.content.subarray(0, call.size);
        file.synced = Math.min(file.synced, call.size);
        break;
      }
      case "rename": {
        const file = this.#of(call.from);
        this.files.delete(call.from);
        this.files.set(call.to, file);
        break;
      }
      case "unlink":
        this.files.delete(call.name);
        break;
      case "sync": {
        const file = this.files.get(call.name);
        if (file !== undefined) file.synced = file.content.length;
        break;
      }
    }
  }

  /** As a killed process leaves them. */
  get killed(): ReadonlyMap<string, Buffer> {
    return new Map([...this.files].map(([name, { content }]) => [name, content]));
  }

  /** As a power cut may leave them: without what was not synced, or with its size and none of its bytes. */
  powerCut(rest: "gone" | "zeros"): ReadonlyMap<string, Buffer> {
    const left = ({ content, synced }: ModelFile): Buffer =>
      Buffer.concat([content.subarray(0, synced), Buffer.alloc(rest === "gone" ? 0 : content.length - synced)]);
    return new Map([...this.files].map(([name, file]) => [name, left(file)]));
  }

  #of(name: string): ModelFile {
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`the trace writes ${name}, which it has not created`);
    return file;
  }
}
