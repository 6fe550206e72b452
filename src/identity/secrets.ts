import { randomBytes } from "node:crypto";
import type { Metadata } from "../storage/metadata/metadata.ts";
import "./tables.ts";

/**
 * Keys this installation signs its own values with (registry tokens, page tokens, download links). They lie in
 * the metadata database, made on first use, so that every server of a cluster has the same.
 */
export interface Secrets {
  /** 32 bytes for one purpose (`ecr-token`); the same on every call and every server. Not to be asked for inside a transaction: the first call writes. */
  key(purpose: string): Promise<Buffer>;
}

/** @param random gives that many random bytes */
export function createSecrets(metadata: Metadata, random: (size: number) => Buffer = randomBytes): Secrets {
  const known = new Map<string, Promise<Buffer>>();
  return {
    key(purpose) {
      const pending = known.get(purpose) ?? readOrMake(metadata, purpose, random);
      known.set(purpose, pending);
      // A database that was away for a moment must not stay remembered.
      pending.catch(() => known.delete(purpose));
      return pending;
    },
  };
}

async function readOrMake(
  metadata: Metadata,
  purpose: string,
  random: (size: number) => Buffer,
): Promise<Buffer> {
  const read = () =>
    metadata.reader
      .selectFrom("identity_secrets")
      .select("key")
      .where("purpose", "=", purpose)
      .executeTakeFirst();
  const existing = await read();
  if (existing) return Buffer.from(existing.key);
  const key = random(32);
  await metadata.write((tx) =>
    // Two servers may start at once: the first one's key stays, and both read it afterwards.
    tx
      .insertInto("identity_secrets")
      .values({ purpose, key })
      .onConflict((conflict) => conflict.column("purpose").doNothing())
      .execute(),
  );
  const stored = await read();
  if (!stored) throw new Error(`the signing key for ${purpose} is gone right after it was stored`);
  return Buffer.from(stored.key);
}
