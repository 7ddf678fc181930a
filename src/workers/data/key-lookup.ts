import { hash } from "node:crypto";
import type { ApiKey, Client } from "../../core/request/client.ts";
import { AccessTable } from "../../allowlist/access-table.ts";
import type { AccessVersion } from "../protocol/messages.ts";

/** The allow-list in a data worker: one version at a time, replaced as a whole. */
export class KeyLookup {
  #table: AccessTable;
  readonly #digest = Buffer.alloc(32);

  constructor(access: AccessVersion) {
    this.#table = new AccessTable(access.table);
  }

  replace(access: AccessVersion): void {
    this.#table = new AccessTable(access.table);
  }

  identify(key: ApiKey): Client | undefined {
    const text = key.reveal();
    if (text === "") return undefined;
    // Header text is latin1, one character per byte, so the digest is of the bytes that were sent. A digest as a string
    // that is written to a buffer of ours costs a third of one in a new buffer.
    this.#digest.write(hash("sha256", Buffer.from(text, "latin1"), "binary"), "binary");
    return this.#table.find(this.#digest);
  }
}
