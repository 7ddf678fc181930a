import { hash } from "node:crypto";
import type { ApiKey, Client } from "../../core/request/client.ts";
import { AccessTable } from "../../allowlist/access-table.ts";
import type { AccessVersion } from "../protocol/messages.ts";

const MAX_KNOWN = 1_024;

/** The allow-list in a data worker: one version at a time, replaced as a whole. */
export class KeyLookup {
  #table: AccessTable;
  readonly #digest = Buffer.alloc(32);
  /** Keys of this version of the list that were used, so that their digests are computed once. Never an unknown key. */
  readonly #known = new Map<string, Client>();

  constructor(access: AccessVersion) {
    this.#table = new AccessTable(access.table);
  }

  replace(access: AccessVersion): void {
    this.#table = new AccessTable(access.table);
    this.#known.clear();
  }

  identify(key: ApiKey): Client | undefined {
    const text = key.reveal();
    if (text === "") return undefined;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    // Header text is latin1, one character per byte, so the digest is of the bytes that were sent. A digest as a string
    // that is written to a buffer of ours costs a third of one in a new buffer.
    this.#digest.write(hash("sha256", Buffer.from(text, "latin1"), "binary"), "binary");
    const client = this.#table.find(this.#digest);
    if (client === undefined) return undefined;
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    this.#known.set(text, client);
    return client;
  }
}
