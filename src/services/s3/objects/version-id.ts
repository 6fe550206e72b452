/**
 * Version ids: 32 url-safe characters that clients must not read anything into. The first seven of their 24 bytes are
 * the version's rank, so that a version is found by the index of its key, however many versions that key has.
 */
import { randomBytes } from "node:crypto";

/** Of everything that is written while versioning is not enabled; one a key. */
export const NULL_VERSION = "null";

const FORM = /^[A-Za-z0-9_-]{32}$/;

export function makeVersionId(rank: number): string {
  const bytes = randomBytes(24);
  bytes.writeUIntBE(Math.floor(rank / 2 ** 16), 0, 5);
  bytes.writeUInt16BE(rank % 2 ** 16, 5);
  return bytes.toString("base64url");
}

/** Undefined where the text is no id that was ever given out. */
export function rankOfVersionId(versionId: string): number | undefined {
  if (!FORM.test(versionId)) return undefined;
  const bytes = Buffer.from(versionId, "base64url");
  const rank = bytes.readUIntBE(0, 5) * 2 ** 16 + bytes.readUInt16BE(5);
  return rank <= HIGHEST_RANK ? rank : undefined;
}

export function isVersionId(text: string): boolean {
  return text === NULL_VERSION || rankOfVersionId(text) !== undefined;
}

const HIGHEST_RANK = 2 ** 52;

/** Ascending is newest first. @param lowest rank that the key has so far */
export function nextRank(now: Date, lowest: number | undefined): number {
  const rank = HIGHEST_RANK - now.getTime() * 1000;
  return lowest === undefined ? rank : Math.min(rank, lowest - 1);
}
