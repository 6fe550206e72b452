import { createHmac, timingSafeEqual } from "node:crypto";
import type { EcrContext } from "./context.ts";
import { invalidParameter } from "./errors.ts";

/** A token for the page after `position`; only good for the same listing (`scope`). */
export async function sealPage(ecr: EcrContext, scope: string, position: readonly string[]): Promise<string> {
  const text = JSON.stringify(position);
  return Buffer.from(`${await seal(ecr, scope, text)}${text}`).toString("base64url");
}

/** The position a token stands for, empty without one; throws InvalidParameterException for a foreign token. */
export async function openPage(
  ecr: EcrContext,
  scope: string,
  token: string | undefined,
): Promise<readonly string[]> {
  if (token === undefined) return [];
  const opened = Buffer.from(token, "base64url").toString();
  const [mark, text] = [opened.slice(0, 43), opened.slice(43)];
  const expected = await seal(ecr, scope, text);
  if (mark.length !== expected.length || !timingSafeEqual(Buffer.from(mark), Buffer.from(expected))) {
    throw invalidParameter("nextToken", "Invalid pagination token");
  }
  return JSON.parse(text) as string[];
}

async function seal(ecr: EcrContext, scope: string, text: string): Promise<string> {
  return createHmac("sha256", await ecr.secrets.key("ecr-page-token"))
    .update(`${scope}\n${text}`)
    .digest("base64url");
}
