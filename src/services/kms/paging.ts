import { openPageToken, type PageScope, sealPageToken } from "../../aws/page-token.ts";
import type { Call } from "../../identity/call.ts";
import type { KmsContext } from "./context.ts";
import { invalidMarker } from "./errors.ts";

/** What every listing of KMS is asked with. */
export interface PageInput {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

/**
 * One page of a listing: `read` gets where the last one ended ("" at first) and how many rows to read, one more than the
 * page has. `purpose` is what else must be the same for the next page to make sense.
 */
export async function pageOf<Row>(
  kms: Pick<KmsContext, "secrets">,
  call: Call,
  listing: { readonly operation: string; readonly purpose: readonly string[]; readonly defaultLimit: number },
  input: PageInput,
  read: (after: string, limit: number) => Promise<readonly Row[]>,
  positionOf: (row: Row) => string,
): Promise<{ readonly rows: readonly Row[]; readonly next: { Truncated: boolean; NextMarker?: string } }> {
  const limit = input.Limit ?? listing.defaultLimit;
  const key = await kms.secrets.key("page-token");
  const scope: PageScope = {
    operation: `kms:${listing.operation}`,
    account: call.account,
    region: call.region,
    purpose: JSON.stringify(listing.purpose),
  };
  const after = input.Marker === undefined ? "" : openPageToken(key, scope, input.Marker);
  if (after === undefined) throw invalidMarker();
  const found = await read(after, limit + 1);
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  if (found.length <= limit || last === undefined) return { rows, next: { Truncated: false } };
  return { rows, next: { Truncated: true, NextMarker: sealPageToken(key, scope, positionOf(last)) } };
}
