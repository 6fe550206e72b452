/**
 * How much of the memory for bodies one client may hold, so that one who sends slowly cannot starve the others. Where
 * a body is read before the signature over it can be checked, the access key is only a claim, so the network that it
 * comes from counts as well.
 */
export interface ShareLimits {
  /** Bytes at one time. */
  readonly accessKey: number;
  /** Less than a key's, or one stranger who knows a key's id could take all that its owner has. */
  readonly network: number;
}

/** Who is known by now: a key whose signature holds answers for itself, wherever it comes from. */
export interface Client {
  readonly accessKey?: string;
  /** As the socket says. */
  readonly address?: string;
}

/** Whoever asks holds its share already. */
export class ShareExhausted extends Error {
  override readonly name = "ShareExhausted";
}

/**
 * Of every body, this much counts for nobody: ordinary calls go through beside one that fills the share, which
 * matters where a proxy makes all clients one network. All connections together make of it what the budget bears.
 */
const FREE = 16 * 1024;

/** Both tables have no more entries than there are bodies longer than FREE under way. */
export class BodyShares {
  readonly #limits: ShareLimits;
  readonly #held = { accessKey: new Map<string, number>(), network: new Map<string, number>() };

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** What one body holds; released when it is done with. */
  open(client: Client): HeldShare {
    const parts: Part[] = [];
    const { accessKey, address } = client;
    if (accessKey !== undefined)
      parts.push({ held: this.#held.accessKey, name: accessKey, limit: this.#limits.accessKey });
    if (address !== undefined)
      parts.push({ held: this.#held.network, name: networkOf(address), limit: this.#limits.network });
    return new HeldShare(parts);
  }

  /** How many clients hold something. */
  get holders(): number {
    return this.#held.accessKey.size + this.#held.network.size;
  }
}

interface Part {
  readonly held: Map<string, number>;
  readonly name: string;
  readonly limit: number;
}

class HeldShare {
  readonly #parts: readonly Part[];
  #counted = 0;

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** The body has `size` bytes by now. Throws ShareExhausted. */
  grow(size: number): void {
    const more = Math.max(0, size - FREE) - this.#counted;
    if (more <= 0) return;
    this.#counted += more;
    let exhausted = false;
    for (const { held, name, limit } of this.#parts) {
      const sum = (held.get(name) ?? 0) + more;
      held.set(name, sum);
      exhausted ||= sum > limit;
    }
    if (exhausted) throw new ShareExhausted("This client's share of the memory for bodies is in use.");
  }

  release(): void {
    for (const { held, name } of this.#parts) {
      const left = (held.get(name) ?? 0) - this.#counted;
      if (left > 0) held.set(name, left);
      else held.delete(name);
    }
    this.#counted = 0;
  }
}

/** An IPv6 host has a /64 to itself (RFC 6177), so that is what counts as one. */
export function networkOf(address: string): string {
  // An IPv4 host as a socket for both families names it (RFC 4291, section 2.5.5.2).
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::", 2);
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? 0 : tail.split(":").length;
  if (tail !== undefined) groups.push(...Array<string>(Math.max(0, 8 - groups.length - after)).fill("0"));
  return `${groups.slice(0, 4).join(":")}::/64`;
}
