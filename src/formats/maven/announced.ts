import { BoundedCache } from "../../bounded-cache.ts";
import type { Hashes } from "../../services/codeartifact/format.ts";

/**
 * What the metadata that clients sent lately said, on this server: which versions and builds it named, for files that
 * come after it, and what it hashed to, for its own checksums that come after it. Metadata is generated here, so its
 * text is kept nowhere; without this a client's checksum of it is believed.
 */
export class Announced {
  readonly #names = new BoundedCache<string, { readonly names: ReadonlySet<string>; readonly until: number }>(
    10_000,
  );
  readonly #texts = new BoundedCache<string, { readonly texts: readonly Hashes[]; readonly until: number }>(
    10_000,
  );

  /** @param group one package of one repository */
  note(group: string, path: string, names: Iterable<string>, hashes: Hashes, now: number): void {
    const until = now + REMEMBERED_MILLISECONDS;
    this.#names.set(group, {
      names: new Set([...(this.#named(group, now) ?? []), ...names].slice(-MOST_NAMES)),
      until,
    });
    const before = this.#texts.get(path);
    const texts = before && before.until > now ? before.texts : [];
    this.#texts.set(path, { texts: [...texts, hashes].slice(-MOST_TEXTS), until });
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

const REMEMBERED_MILLISECONDS = 60_000;
/** Metadata names every version of a package; the ones that matter are the last. */
const MOST_NAMES = 1000;
/** Several builds may deploy the same package at once. */
const MOST_TEXTS = 16;
