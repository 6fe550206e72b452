/**
 * Digests as the OCI image specification writes them (descriptor.md, "Digests"): `algorithm:hex`.
 * Only the registered algorithms are accepted; a digest of another is refused at the door.
 */
declare const digestBrand: unique symbol;

/** `sha256:` + 64 or `sha512:` + 128 lower-case hex digits. Made by `parseDigest` only. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = "sha256" | "sha512";

const HEX_LENGTHS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** Returns the digest, or undefined when `text` is not one that this server can verify. */
export function parseDigest(text: string): Digest | undefined {
  const [algorithm, hex, ...rest] = text.split(":");
  if (hex === undefined || rest.length > 0 || !isDigestAlgorithm(algorithm)) return undefined;
  if (hex.length !== HEX_LENGTHS[algorithm] || !/^[a-f0-9]+$/.test(hex)) return undefined;
  return text as Digest;
}

export function isDigestAlgorithm(text: string | undefined): text is DigestAlgorithm {
  return text !== undefined && Object.hasOwn(HEX_LENGTHS, text);
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** `hex` must come from a hash function of that algorithm. */
export function digestOf(algorithm: DigestAlgorithm, hex: string): Digest {
  return `${algorithm}:${hex}` as Digest;
}
