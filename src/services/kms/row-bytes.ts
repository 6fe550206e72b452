/** Bytes that lie in rows of other services, sealed: `material's version, 4 bytes | sealed bytes`. */
import type { KmsContext } from "./context.ts";
import { invalidCiphertext, keyNotFound } from "./errors.ts";
import { openUsableKey } from "./key.ts";
import type { KmsKeyArn, KmsKeys } from "./kms-keys.ts";
import { openSealed, sealBytes } from "./sealed-bytes.ts";

const VERSION_BYTES = 4;

export function createRowBytes(
  kms: Pick<KmsContext, "metadata" | "materials">,
): Pick<KmsKeys, "sealRow" | "openRow"> {
  return {
    async sealRow(key, place, bytes) {
      const { id, version } = await openUsableKey(kms.metadata.reader, key);
      const material = await kms.materials.find(id, version);
      // Deleted between the two questions.
      if (material === undefined) throw keyNotFound(key);
      const head = Buffer.alloc(VERSION_BYTES);
      head.writeUInt32BE(version);
      return Buffer.concat([head, sealBytes(material.secret, "row", placeOf(key, place), bytes)]);
    },
    async openRow(key, place, sealed) {
      const { id } = await openUsableKey(kms.metadata.reader, key);
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes.length < VERSION_BYTES) throw invalidCiphertext();
      const material = await kms.materials.find(id, bytes.readUInt32BE());
      const opened =
        material && openSealed(material.secret, "row", placeOf(key, place), bytes.subarray(VERSION_BYTES));
      if (opened === undefined) throw invalidCiphertext();
      return opened;
    },
  };
}

function placeOf(key: KmsKeyArn, place: string): Buffer {
  return Buffer.from(`${key} ${place}`);
}
