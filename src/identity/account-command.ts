import { parseAccountId } from "../aws/names.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { createAccount, listAccounts } from "./accounts.ts";

/** The command line was wrong; the message says what to write instead. */
export class AccountCommandError extends Error {
  override readonly name = "AccountCommandError";
}

const USAGE = "usage: shosoin account create ID | shosoin account list (ID: 12 digits)";

/**
 * `shosoin account create ID | list`: works on the database, beside a running server too, which sees a new key at
 * once. Resolves to what is printed. Throws AccountCommandError and AccountExists.
 */
export async function runAccountCommand(
  metadata: Metadata,
  words: readonly string[],
  now: Date,
): Promise<string> {
  const [verb, idText, ...more] = words;
  if (verb === "list" && idText === undefined) {
    const accounts = await listAccounts(metadata.reader);
    return accounts.map(({ id, createdAt }) => `${id}  ${createdAt.toISOString()}\n`).join("");
  }
  if (verb !== "create" || idText === undefined || more.length > 0) throw new AccountCommandError(USAGE);
  const id = parseAccountId(idText);
  if (!id) throw new AccountCommandError(`'${idText}' is not an account id: ${USAGE}`);
  const key = await metadata.write((tx) => createAccount(tx, id, now));
  return [
    `Account           ${id}`,
    `Access key id     ${key.accessKeyId}`,
    `Secret access key ${key.secretAccessKey}`,
    "The secret is shown this once.",
    "",
  ].join("\n");
}
