/**
 * Data keys of stored bytes (storage/blobs). They are sealed under the material of their scope's key and lie, as text,
 * beside the bytes; `<version>.<base64url>` says under which material.
 */
import { randomBytes } from "node:crypto";
import type { BlobKeys, EncryptionScope } from "../../storage/blobs/blob-keys.ts";
import type { KmsContext } from "./context.ts";
import { invalidCiphertext, keyNotFound } from "./errors.ts";
import { openUsableKey } from "./key.ts";
import type { Material } from "./materials.ts";
import { openSealed, sealBytes } from "./sealed-bytes.ts";

const DATA_KEY_BYTES = 32;

/** The key of the `server` scope: no key of the API, of no account, without policy or state. */
const SERVER_KEY = "server";
const SERVER_KEY_VERSION = 1;

export function createBlobKeys(kms: KmsContext): BlobKeys {
  return {
    async generate(scope) {
      const material = await current(kms, scope);
      const key = randomBytes(DATA_KEY_BYTES);
      const sealed = sealBytes(material.secret, "blob-data-key", Buffer.from(scope), key);
      return { key, sealed: `${material.version}.${sealed.toString("base64url")}` };
    },
    async unseal(scope, sealed) {
      const [, version = "", text = ""] = /^(\d{1,9})\.([\w-]+)$/.exec(sealed) ?? [];
      const material = await materialOf(kms, scope, Number(version));
      const key =
        material &&
        openSealed(material.secret, "blob-data-key", Buffer.from(scope), Buffer.from(text, "base64url"));
      if (key === undefined) throw invalidCiphertext();
      return key;
    },
  };
}

async function current(kms: KmsContext, scope: EncryptionScope): Promise<Material> {
  const material =
    scope === "server"
      ? ((await kms.materials.find(SERVER_KEY, SERVER_KEY_VERSION)) ?? (await makeServerKey(kms)))
      : await newestOf(kms, scope);
  // Deleted between the two questions.
  if (material === undefined) throw keyNotFound(scope);
  return material;
}

async function newestOf(kms: KmsContext, scope: EncryptionScope): Promise<Material | undefined> {
  const { id, version } = await openUsableKey(kms.metadata.reader, scope);
  return kms.materials.find(id, version);
}

async function materialOf(
  kms: KmsContext,
  scope: EncryptionScope,
  version: number,
): Promise<Material | undefined> {
  if (scope === "server") return kms.materials.find(SERVER_KEY, version);
  return kms.materials.find((await openUsableKey(kms.metadata.reader, scope)).id, version);
}

/** Two servers may make it at once: the first one's stays. */
async function makeServerKey(kms: KmsContext): Promise<Material | undefined> {
  const row = kms.materials.seal(SERVER_KEY, SERVER_KEY_VERSION, randomBytes(DATA_KEY_BYTES), {
    at: kms.clock.now(),
  });
  await kms.metadata.write((tx) => kms.materials.insert(tx, row));
  return kms.materials.find(SERVER_KEY, SERVER_KEY_VERSION);
}
