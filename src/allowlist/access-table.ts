import type { Client } from "../core/request/client.ts";

/**
 * The enabled keys in one block of shared memory. Every data worker reads the same bytes and switches to a new version by
 * taking over a reference. Open addressing on the key's SHA-256, at most half full. The full digest is compared: matching
 * by a prefix or a truncated hash has admitted wrong keys elsewhere (CVE-2026-35030).
 *
 *   header   16 bytes: magic, capacity, rows, reserved
 *   slots    capacity × uint32: offset of the row's bytes, 0 for an empty slot
 *   digests  capacity × 32 bytes
 *   rows     expiry (float64, NaN for never), id length, owner length (uint32), id, owner (UTF-8)
 *
 * Imports only types, because the data workers load it.
 */

const MAGIC = 0x4c4d4731;
const HEADER_BYTES = 16;
const DIGEST_BYTES = 32;
const ROW_HEADER_BYTES = 16;
const MIN_CAPACITY = 16;

/** The columns of an allow-list row that the table contains. */
export interface AccessRow {
  readonly id: string;
  readonly owner: string;
  /** SHA-256 of the key. */
  readonly digest: Buffer;
  readonly disabled: boolean;
  readonly expiresAt: number | undefined;
}

/** Leaves out disabled rows. Digests must be unique, which the allow-list's parser checks. */
export function buildAccessTable(rows: readonly AccessRow[]): SharedArrayBuffer {
  const enabled = rows.filter((row) => !row.disabled);
  const capacity = capacityFor(enabled.length);
  const rowsStart = HEADER_BYTES + capacity * (4 + DIGEST_BYTES);
  const rowBytes = enabled.reduce((sum, row) => sum + rowLength(row), 0);
  const shared = new SharedArrayBuffer(rowsStart + rowBytes);
  const bytes = Buffer.from(shared);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(capacity, 4);
  bytes.writeUInt32LE(enabled.length, 8);

  let offset = rowsStart;
  for (const row of enabled) {
    const slot = freeSlot(bytes, capacity, row.digest);
    bytes.writeUInt32LE(offset, HEADER_BYTES + slot * 4);
    row.digest.copy(bytes, HEADER_BYTES + capacity * 4 + slot * DIGEST_BYTES);
    offset = writeRow(bytes, offset, row);
  }
  return shared;
}

/** Reads one version of the table. The caller compares the expiry with its own clock. */
export class AccessTable {
  /** Number of enabled keys, including expired ones. */
  readonly size: number;
  readonly #bytes: Buffer;
  readonly #capacity: number;
  /** Decoded rows by slot, filled on first use, because a key in use is looked up with every request. */
  readonly #clients = new Map<number, Client>();

  constructor(buffer: SharedArrayBuffer) {
    this.#bytes = Buffer.from(buffer);
    if (buffer.byteLength < HEADER_BYTES || this.#bytes.readUInt32LE(0) !== MAGIC) {
      throw new Error("not an access table");
    }
    this.#capacity = this.#bytes.readUInt32LE(4);
    this.size = this.#bytes.readUInt32LE(8);
  }

  find(digest: Buffer): Client | undefined {
    if (digest.length !== DIGEST_BYTES) return undefined;
    const mask = this.#capacity - 1;
    const digests = HEADER_BYTES + this.#capacity * 4;
    for (let slot = digest.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const offset = this.#bytes.readUInt32LE(HEADER_BYTES + slot * 4);
      if (offset === 0) return undefined;
      const start = digests + slot * DIGEST_BYTES;
      if (this.#bytes.compare(digest, 0, DIGEST_BYTES, start, start + DIGEST_BYTES) === 0) {
        return this.#clientAt(slot, offset);
      }
    }
  }

  #clientAt(slot: number, offset: number): Client {
    const known = this.#clients.get(slot);
    if (known !== undefined) return known;
    const client = readRow(this.#bytes, offset);
    this.#clients.set(slot, client);
    return client;
  }
}

/** A power of two, so that a mask finds the slot; at least twice the rows, so that an empty slot is always near. */
function capacityFor(rows: number): number {
  let capacity = MIN_CAPACITY;
  while (capacity < rows * 2) capacity *= 2;
  return capacity;
}

function freeSlot(bytes: Buffer, capacity: number, digest: Buffer): number {
  let slot = digest.readUInt32LE(0) & (capacity - 1);
  while (bytes.readUInt32LE(HEADER_BYTES + slot * 4) !== 0) slot = (slot + 1) & (capacity - 1);
  return slot;
}

function rowLength(row: AccessRow): number {
  return ROW_HEADER_BYTES + Buffer.byteLength(row.id) + Buffer.byteLength(row.owner);
}

function writeRow(bytes: Buffer, offset: number, row: AccessRow): number {
  const idLength = bytes.write(row.id, offset + ROW_HEADER_BYTES);
  const ownerLength = bytes.write(row.owner, offset + ROW_HEADER_BYTES + idLength);
  bytes.writeDoubleLE(row.expiresAt ?? NaN, offset);
  bytes.writeUInt32LE(idLength, offset + 8);
  bytes.writeUInt32LE(ownerLength, offset + 12);
  return offset + ROW_HEADER_BYTES + idLength + ownerLength;
}

function readRow(bytes: Buffer, offset: number): Client {
  const expiry = bytes.readDoubleLE(offset);
  const idStart = offset + ROW_HEADER_BYTES;
  const ownerStart = idStart + bytes.readUInt32LE(offset + 8);
  return Object.freeze({
    id: bytes.toString("utf8", idStart, ownerStart),
    owner: bytes.toString("utf8", ownerStart, ownerStart + bytes.readUInt32LE(offset + 12)),
    expiresAt: Number.isNaN(expiry) ? undefined : expiry,
  });
}
