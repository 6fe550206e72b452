/** Package tokens that were logged out before their end. One lookup by key with every request that shows a token. */
import { packageTokenHash, type VerifiedPackageToken } from "../../identity/package-token.ts";
import type { JobHandler, RecurringJob } from "../../jobs/jobs.ts";
import { prepareQuery } from "../../storage/metadata/prepared-query.ts";
import type { CodeArtifactContext } from "./context.ts";

/** What native doors let people in by. */
export interface PackageTokenVerifier {
  verifyPackageToken(token: string, now: Date): Promise<VerifiedPackageToken>;
  /** Ends a token on every server at once; one that is none of ours changes nothing. */
  revokePackageToken(token: string, now: Date): Promise<void>;
}

const REMOVE_EXPIRED = "codeartifact.remove-expired-revocations";

const BATCH = 500;

export const removeExpiredRevocationsJob: RecurringJob = {
  name: REMOVE_EXPIRED,
  schedule: "rate(1 hour)",
  kind: REMOVE_EXPIRED,
  payload: null,
};

export function createPackageTokenVerifier({
  metadata,
  identity,
}: Pick<CodeArtifactContext, "metadata" | "identity">): PackageTokenVerifier {
  const revocation = prepareQuery((key: { readonly tokenHash: string }) =>
    metadata.reader
      .selectFrom("codeartifact_revoked_tokens")
      .select("expires_at")
      .where("token_hash", "=", key.tokenHash),
  );
  return {
    async verifyPackageToken(token, now) {
      const proven = await identity.provePackageToken(token, now);
      if (!proven.ok) return proven;
      const revoked = await revocation(metadata.reader, { tokenHash: packageTokenHash(token) });
      return revoked ? { ok: false, reason: "revoked" } : proven;
    },

    async revokePackageToken(token, now) {
      const proven = await identity.provePackageToken(token, now);
      if (!proven.ok) return;
      const row = { token_hash: packageTokenHash(token), expires_at: proven.holder.expiresAt.getTime() };
      await metadata.write(async (tx) => {
        await tx
          .insertInto("codeartifact_revoked_tokens")
          .values(row)
          .onConflict((conflict) => conflict.column("token_hash").doNothing())
          .execute();
      });
    },
  };
}

/** A revoked token that has expired is refused for that: its row can go. */
export function removeExpiredRevocationsHandler({
  metadata,
  clock,
}: Pick<CodeArtifactContext, "metadata" | "clock">): JobHandler {
  return {
    kind: REMOVE_EXPIRED,
    async run(job) {
      const before = clock.now().getTime();
      for (let deleted = BATCH; deleted === BATCH; job.signal.throwIfAborted()) {
        deleted = await metadata.write(async (tx) => {
          const expired = tx
            .selectFrom("codeartifact_revoked_tokens")
            .select("token_hash")
            .where("expires_at", "<=", before)
            .limit(BATCH);
          const rows = await tx
            .deleteFrom("codeartifact_revoked_tokens")
            .where("token_hash", "in", expired)
            .returning("token_hash")
            .execute();
          return rows.length;
        });
      }
    },
  };
}
