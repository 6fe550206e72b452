import type { Hashes } from "../../services/codeartifact/format.ts";
import { ByteBoundedCache } from "../../services/codeartifact/reading/byte-bounded-cache.ts";

/**
 * What the metadata that clients sent lately said, on this server: which versions and builds it named, for files that
 * come after it, and what it hashed to, for its own checksums that come after it. Metadata is generated here, so its
 * text is kept nowhere; without this a client's checksum of it is believed.
 */
export class Announced {
  readonly #names = new ByteBoundedCache<Remembered & { readonly names: ReadonlySet<string> }>(MEMORY);
  readonly #texts = new ByteBoundedCache<Remembered & { readonly texts: readonly Hashes[] }>(MEMORY);

  /** @param group one package of one repository */
  note(group: string, path: string, names: Iterable<string>, hashes: Hashes, now: number): void {
    const until = now + REMEMBERED_MILLISECONDS;
    const named = new Set([...(this.#named(group, now) ?? []), ...names].slice(-MOST_NAMES));
    let bytes = OVERHEAD;
    for (const name of named) bytes += name.length * 2 + NAME_OVERHEAD;
    this.#names.set(group, { names: named, until, bytes });
    const before = this.#texts.get(path);
    const texts = before && before.until > now ? before.texts : [];
    const kept = [...texts, hashes].slice(-MOST_TEXTS);
    this.#texts.set(path, { texts: kept, until, bytes: OVERHEAD + kept.length * TEXT_BYTES });
  }

  hasNamed(group: string, version: string, now: number): boolean {
    return this.#named(group, now)?.has(version) ?? false;
  }

  /** Undefined when nothing is known of metadata at this path. */
  hashes(path: string, now: number): readonly Hashes[] | undefined {
    const known = this.#texts.get(path);
    return known && known.until > now ? known.texts : undefined;
  }

  #named(group: string, now: number): ReadonlySet<string> | undefined {
    const known = this.#names.get(group);
    return known && known.until > now ? known.names : undefined;
  }
}

interface Remembered {
  readonly until: number;
  readonly bytes: number;
}

/** Bytes: clients name what they like, and as much. */
const MEMORY = 16 * 1024 * 1024;
const OVERHEAD = 300;
const NAME_OVERHEAD = 60;
/** Four hashes in hex. */
const TEXT_BYTES = 600;
const REMEMBERED_MILLISECONDS = 60_000;
/** Metadata names every version of a package; the ones that matter are the last. */
const MOST_NAMES = 1000;
/** Several builds may deploy the same package at once. */
const MOST_TEXTS = 16;
