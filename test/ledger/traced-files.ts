/** Replays the system calls of a traced process on the files of one directory, and derives what a crash may leave. */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

export type FileOperation =
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

/** Reads the trace of a single thread, whose operations are in order. */
export function fileOperations(trace: string, directory: string): readonly FileOperation[] {
  const operations: FileOperation[] = [];
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    const [, name = "", rest = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/.exec(line) ?? [];
    const operation = Number(result) < 0 ? undefined : fileOperation(name, rest, Number(result));
    if (operation !== undefined && operation.path.every((path) => dirname(path) === directory))
      operations.push(operation.operation);
  }
  return operations;
}

interface Traced {
  readonly path: readonly string[];
  readonly operation: FileOperation;
}

function fileOperation(operation: string, rest: string, result: number): Traced | undefined {
  const texts = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = ""]) => bytesOf(hex));
  const paths = texts.map(String);
  const file = bytesOf(/^\d+<((?:\\x[0-9a-f]{2})*)>/.exec(rest)?.[1] ?? "").toString();
  const name = basename(file);
  const [first = "", second = ""] = paths;
  switch (operation) {
    case "openat":
      return rest.includes("O_CREAT")
        ? { path: [first], operation: { kind: "create", name: basename(first) } }
        : undefined;
    case "write":
      return {
        path: [file],
        operation: { kind: "write", name, bytes: (texts[0] ?? Buffer.alloc(0)).subarray(0, result) },
      };
    case "ftruncate":
      return { path: [file], operation: { kind: "cut", name, size: Number(rest.split(", ").at(-1)) } };
    case "rename":
      return { path: [first, second], operation: { kind: "rename", from: basename(first), to: basename(second) } };
    case "unlink":
      return { path: [first], operation: { kind: "unlink", name: basename(first) } };
    default:
      return { path: [file], operation: { kind: "sync", name } };
  }
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex");
}

interface ModelFile {
  content: Buffer;
  /** The bytes that would survive a power cut. */
  synced: number;
}

/** The files after some operations. Renames and new names count as durable, because their directory is synced. */
export class FileModel {
  readonly files = new Map<string, ModelFile>();

  apply(operation: FileOperation): void {
    switch (operation.kind) {
      case "create":
        if (!this.files.has(operation.name)) this.files.set(operation.name, { content: Buffer.alloc(0), synced: 0 });
        break;
      case "write": {
        const file = this.#of(operation.name);
        file.content = Buffer.concat([file.content, operation.bytes]);
        break;
      }
      case "cut": {
        const file = this.#of(operation.name);
        file.content = file.content.subarray(0, operation.size);
        file.synced = Math.min(file.synced, operation.size);
        break;
      }
      case "rename": {
        const file = this.#of(operation.from);
        this.files.delete(operation.from);
        this.files.set(operation.to, file);
        break;
      }
      case "unlink":
        this.files.delete(operation.name);
        break;
      case "sync": {
        const file = this.files.get(operation.name);
        if (file !== undefined) file.synced = file.content.length;
        break;
      }
    }
  }

  /** The files as a killed process leaves them. */
  get killed(): ReadonlyMap<string, Buffer> {
    return new Map([...this.files].map(([name, { content }]) => [name, content]));
  }

  /** The files as a power cut may leave them: unsynced bytes are missing, or replaced by zeros. */
  powerCut(rest: "gone" | "zeros"): ReadonlyMap<string, Buffer> {
    const left = ({ content, synced }: ModelFile): Buffer =>
      Buffer.concat([content.subarray(0, synced), Buffer.alloc(rest === "gone" ? 0 : content.length - synced)]);
    return new Map([...this.files].map(([name, file]) => [name, left(file)]));
  }

  #of(name: string): ModelFile {
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`the trace writes ${name}, which was not created before`);
    return file;
  }
}
