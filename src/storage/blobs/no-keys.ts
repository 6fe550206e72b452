import type { BlobKeys } from "./blob-keys.ts";

/** Of an engine that was given none: whatever has to be encrypted under a key of the server's is refused. */
export const NO_KEYS: BlobKeys = {
  generate: (scope) => Promise.reject(new TypeError(`there are no keys of the server's for ${scope}`)),
  unseal: (scope) => Promise.reject(new TypeError(`there are no keys of the server's for ${scope}`)),
};
