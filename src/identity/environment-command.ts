import type { Region } from "../aws/names.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import type { KeyPair } from "./access-keys.ts";
import type { RootAccountSettings } from "./root-account.ts";
import { readRootKeyFile } from "./root-key-file.ts";
import "./tables.ts";

/**
 * The root key of the default account as it stands: configured, in the data folder, or in the shared database.
 * Undefined when no server has made one yet. Changes nothing.
 */
export async function readRootKey(
  settings: RootAccountSettings,
  metadata?: Metadata,
): Promise<KeyPair | undefined> {
  if (settings.rootKey) return settings.rootKey;
  if (settings.dataFolder !== undefined) return readRootKeyFile(settings.dataFolder, settings.accountId);
  const row = await metadata?.reader
    .selectFrom("identity_access_keys")
    .select(["access_key_id", "secret_access_key"])
    .where("account_id", "=", settings.accountId)
    .where("origin", "=", "generated")
    .orderBy("access_key_id")
    .executeTakeFirst();
  return row && { accessKeyId: row.access_key_id, secretAccessKey: row.secret_access_key };
}

/**
 * What `shosoin env` prints, for `eval` in any POSIX shell.
 *
 * @param caFile what clients have to trust, when the server made its own authority
 */
export function formatEnvironment(
  key: KeyPair,
  region: Region,
  endpointUrl: string,
  caFile?: string,
): string {
  const variables = {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpointUrl,
    ...(caFile === undefined ? {} : { AWS_CA_BUNDLE: caFile, NODE_EXTRA_CA_CERTS: caFile }),
  };
  // A session token left over from another login would go with every request and be refused.
  const lines = [
    "unset AWS_SESSION_TOKEN",
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}`),
  ];
  return `${lines.join("\n")}\n`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
