import { openPageToken, type PageScope, sealPageToken } from "../../aws/page-token.ts";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { invalidParameter } from "./errors.ts";

/** A listing; `purpose` is what else must be the same for its next page: the repository, the filters. */
export function pageScope(call: Call, operation: string, purpose: readonly string[] = []): PageScope {
  return { operation, account: call.account, region: call.region, purpose: JSON.stringify(purpose) };
}

/** A token for the page after `position`. */
export async function sealPage(
  ecr: EcrContext,
  scope: PageScope,
  position: readonly string[],
): Promise<string> {
  return sealPageToken(await ecr.secrets.key("page-token"), scope, JSON.stringify(position));
}

/** The position a token stands for, empty without one; throws InvalidParameterException for a foreign token. */
export async function openPage(
  ecr: EcrContext,
  scope: PageScope,
  token: string | undefined,
): Promise<readonly string[]> {
  if (token === undefined) return [];
  const position = openPageToken(await ecr.secrets.key("page-token"), scope, token);
  if (position === undefined) throw invalidParameter("nextToken", "Invalid pagination token");
  return JSON.parse(position) as string[];
}
