/**
 * Grants hold at once on every server, so a token proves nothing that the grant does not: it names the grant, and each
 * answer has another one, as KMS's have. Operations take tokens and need none.
 */
import { randomBytes } from "node:crypto";
import { invalidGrantToken } from "./errors.ts";

const ID_BYTES = 32;
const RANDOM_BYTES = 16;

export function tokenOf(grantId: string): string {
  return Buffer.concat([Buffer.from(grantId, "hex"), randomBytes(RANDOM_BYTES)]).toString("base64url");
}

/** Throws InvalidGrantTokenException for what was never given out. */
export function grantOfToken(token: string): string {
  const bytes = Buffer.from(token, "base64url");
  if (bytes.byteLength !== ID_BYTES + RANDOM_BYTES || bytes.toString("base64url") !== token)
    throw invalidGrantToken();
  return bytes.toString("hex", 0, ID_BYTES);
}

type Operations = Readonly<Record<string, ((call: never, input: never) => Promise<object>) | undefined>>;

/** The same operations, which refuse tokens that are none. */
export function refusingForeignTokens<Table extends object>(operations: Table): Table {
  const checked = Object.entries(operations as Operations).map(
    ([name, operation]) =>
      [
        name,
        operation &&
          (async (call: never, input: never) => {
            const { GrantTokens: tokens = [] } = input as { readonly GrantTokens?: readonly string[] };
            for (const token of tokens) grantOfToken(token);
            return operation(call, input);
          }),
      ] as const,
  );
  return Object.fromEntries(checked) as Table;
}
