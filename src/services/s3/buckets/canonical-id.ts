import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";

/**
 * The canonical user id of an account, which S3 calls its owner by: 64 hex digits that follow from the account id, so
 * that every server says the same. Names of owners are no more: AWS has left DisplayName out since November 2025.
 */
export function canonicalId(account: string): string {
  return createHash("sha256").update(`canonical user ${account}`).digest("hex");
}

export function ownerOf(account: string): sdk.Owner {
  return { ID: canonicalId(account) };
}
