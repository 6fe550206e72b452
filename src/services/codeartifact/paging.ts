import { openPageToken, type PageScope, sealPageToken } from "../../aws/page-token.ts";
import type { Call } from "../../identity/call.ts";
import type { CodeArtifactContext } from "./context.ts";
import { validation } from "./errors.ts";

/** What CodeArtifact puts into a page when nobody says. */
const DEFAULT_PAGE = 50;

export interface PageInput {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

export interface Page {
  /** The key after which the page begins; empty for the first one. */
  readonly after: readonly string[];
  readonly limit: number;
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/**
 * One page of a listing. `purpose` is all else that must be the same for its next page: domain, repository, filters.
 * `select` gives up to `limit` rows after the key `after`, in the order of their keys; `keyOf` says the key of a row.
 * Throws ValidationException for a token that is not of this listing.
 */
export async function listPage<Row>(
  { secrets }: Pick<CodeArtifactContext, "secrets">,
  call: Call,
  listing: { readonly operation: string; readonly purpose: readonly (string | undefined)[] },
  input: PageInput,
  select: (page: Page) => Promise<readonly Row[]>,
  keyOf: (row: Row) => readonly string[],
): Promise<PageOf<Row>> {
  const key = await secrets.key("page-token");
  const scope: PageScope = {
    operation: listing.operation,
    account: call.principal.account,
    region: call.region,
    purpose: JSON.stringify(listing.purpose.map((part) => part ?? null)),
  };
  const limit = input.maxResults ?? DEFAULT_PAGE;
  const rows = await select({ after: positionOf(key, scope, input.nextToken), limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextToken: more ? sealPageToken(key, scope, JSON.stringify(keyOf(last))) : undefined };
}

function positionOf(key: Buffer, scope: PageScope, token: string | undefined): readonly string[] {
  if (token === undefined) return [];
  const position = openPageToken(key, scope, token);
  if (position === undefined) throw validation("The pagination token is invalid.");
  return JSON.parse(position) as string[];
}
