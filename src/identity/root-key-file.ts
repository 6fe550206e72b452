/**
 * The generated root key of an account in the data folder, in the form of AWS's shared credentials file, so that
 * `AWS_SHARED_CREDENTIALS_FILE` can point at it. Mode 0600.
 */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { AccountId } from "../aws/names.ts";
import { type KeyPair, parseKeyPair } from "./access-keys.ts";

export function rootKeyPath(dataFolder: string, accountId: AccountId): string {
  return join(dataFolder, `root-credentials-${accountId}`);
}

/** Undefined when there is no such file. Throws when it holds no key: it may be the only copy, so it is not replaced. */
export async function readRootKeyFile(
  dataFolder: string,
  accountId: AccountId,
): Promise<KeyPair | undefined> {
  const path = rootKeyPath(dataFolder, accountId);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, "code") === "ENOENT") return undefined;
    throw error;
  }
  const value = (name: string) => new RegExp(`^${name} *= *(\\S+)\\s*$`, "m").exec(text)?.[1] ?? "";
  const key = parseKeyPair(value("aws_access_key_id"), value("aws_secret_access_key"));
  if (!key) throw new Error(`${path} does not hold an access key: repair it, or remove it to get a new one`);
  return key;
}

/** Resolves once the file survives a power cut. */
export async function writeRootKeyFile(
  dataFolder: string,
  accountId: AccountId,
  key: KeyPair,
): Promise<KeyPair> {
  const path = rootKeyPath(dataFolder, accountId);
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(
      `[default]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`,
    );
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dataFolder, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return key;
}
