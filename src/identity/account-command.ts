import { type AccountId, parseAccountId } from "../aws/names.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { createAccount, listAccounts } from "./accounts.ts";

/** The command line was wrong; the message says what to write instead. */
export class AccountCommandError extends Error {
  override readonly name = "AccountCommandError";
}

const USAGE = "usage: shosoin account create ID | shosoin account list (ID: 12 digits)";

/** What the words ask for: works on the database, and resolves to what is printed. */
export type AccountCommand = (metadata: Metadata, now: Date) => Promise<string>;

/**
 * `shosoin account create ID | list`: beside a running server too, which sees a new key at once. Throws
 * AccountCommandError; the command itself AccountExists.
 */
export function readAccountCommand(words: readonly string[]): AccountCommand {
  const [verb, idText, ...more] = words;
  if (verb === "list" && idText === undefined) return list;
  if (verb !== "create" || idText === undefined || more.length > 0) throw new AccountCommandError(USAGE);
  const id = parseAccountId(idText);
  if (!id) throw new AccountCommandError(`'${idText}' is not an account id: ${USAGE}`);
  return (metadata, now) => create(metadata, id, now);
}

async function list(metadata: Metadata): Promise<string> {
  const accounts = await listAccounts(metadata.reader);
  return accounts.map(({ id, createdAt }) => `${id}  ${createdAt.toISOString()}\n`).join("");
}

async function create(metadata: Metadata, id: AccountId, now: Date): Promise<string> {
  const key = await metadata.write((tx) => createAccount(tx, id, now));
  return [
    `Account           ${id}`,
    `Access key id     ${key.accessKeyId}`,
    `Secret access key ${key.secretAccessKey}`,
    "The secret is shown this once.",
    "",
  ].join("\n");
}
