/**
 * The form of what Encrypt answers. It says by itself which key and which of its materials opens it, so Decrypt needs no
 * KeyId and old ciphertexts stay readable after a rotation:
 *
 *     01 | key id, 16 bytes | material's version, 4 bytes | sealed bytes (sealed-bytes.ts)
 *
 * Everything before the sealed bytes and the encryption context are additional data: changing any of it is found out.
 */
import type { EncryptionContext } from "./kms-keys.ts";
import { openSealed, SEALING_BYTES, sealBytes } from "./sealed-bytes.ts";

const FORM = 1;
const HEADER_BYTES = 1 + 16 + 4;

/** Which key and material a ciphertext says it was made with; nothing is proven by that. */
export interface CiphertextOrigin {
  readonly keyId: string;
  readonly version: number;
}

export function sealCiphertext(
  secret: Uint8Array,
  origin: CiphertextOrigin,
  context: EncryptionContext,
  plaintext: Uint8Array,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = FORM;
  header.write(origin.keyId.replaceAll("-", ""), 1, "hex");
  header.writeUInt32BE(origin.version, 17);
  return Buffer.concat([header, sealBytes(secret, "ciphertext", additionalData(header, context), plaintext)]);
}

/** Undefined for what has another form. */
export function originOf(blob: Uint8Array): CiphertextOrigin | undefined {
  if (blob.byteLength < HEADER_BYTES + SEALING_BYTES || blob[0] !== FORM) return undefined;
  const header = Buffer.from(blob.buffer, blob.byteOffset, HEADER_BYTES);
  const id = header.toString("hex", 1, 17);
  const keyId = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { keyId, version: header.readUInt32BE(17) };
}

/** Undefined when the bytes, the context or the material are others than those it was sealed with. */
export function openCiphertext(
  secret: Uint8Array,
  context: EncryptionContext,
  blob: Uint8Array,
): Buffer | undefined {
  const header = blob.subarray(0, HEADER_BYTES);
  return openSealed(secret, "ciphertext", additionalData(header, context), blob.subarray(HEADER_BYTES));
}

/** The context's order means nothing: pairs are sorted. JSON keeps them apart whatever is in them. */
function additionalData(header: Uint8Array, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
}
