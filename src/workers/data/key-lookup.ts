import { hash } from "node:crypto";
import type { ApiKey, Client } from "../../core/request/client.ts";
import { AccessTable } from "../../allowlist/access-table.ts";
import type { AccessVersion } from "../protocol.ts";

/** The allow-list as a data thread sees it: one version at a time, swapped by reference. */
export class KeyLookup {
  #table: AccessTable;
  readonly #digest = Buffer.alloc(32);

  constructor(access: AccessVersion) {
    this.#table = new AccessTable(access.table);
  }

  take(access: AccessVersion): void {
    this.#table = new AccessTable(access.table);
  }

  identify(key: ApiKey): Client | undefined {
    const text = key.reveal();
    if (text === "") return undefined;
    // Header text is latin1, one character a byte: the digest is of the bytes as they came. A digest as a string and
    // then in a buffer of ours costs a third of one in a new buffer.
    this.#digest.write(hash("sha256", Buffer.from(text, "latin1"), "binary"), "binary");
    return this.#table.find(this.#digest);
  }
}
