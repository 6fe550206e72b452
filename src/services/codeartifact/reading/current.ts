/**
 * What was made of a package and is kept while it is true: as long as the revisions of graph and package stand, which
 * other servers raise too and which are read with each request, and until the upstreams' answers are no longer fresh. A
 * hit is one prepared query and a look-up. Who comes while it is being made waits for the same.
 */
import type { CodeArtifactContext } from "../context.ts";
import { ByteBoundedCache } from "./byte-bounded-cache.ts";
import { checkConnections } from "./listings.ts";
import { type Revisions, readRevisions, type WantedPackage } from "./wanted-package.ts";

/** What it was made from besides rows: who was asked, and what they said. */
export interface Sources {
  readonly connections: readonly string[];
  readonly upstreamRevision: string;
  /** Milliseconds since the epoch. */
  readonly freshUntil: number;
}

export interface Made<Value> extends Sources {
  readonly value: Value;
  /** Of memory, roughly. */
  readonly bytes: number;
}

export interface Current<Value> {
  get(
    wanted: WantedPackage,
    what: string,
    make: () => Promise<Made<Value>>,
  ): Promise<Made<Value> | undefined>;
  /** What is kept takes more memory than it did. */
  grown(wanted: WantedPackage, what: string, value: Value, bytes: number): void;
}

/** An entry with its keys. */
const OVERHEAD = 700;

/** @param memory bytes */
export function createCurrent<Value>(context: CodeArtifactContext, memory: number): Current<Value> {
  const cache = new ByteBoundedCache<Made<Value> & Revisions>(memory);
  const flights = new Map<string, Promise<Made<Value>>>();
  return {
    async get(wanted, what, make) {
      const revisions = await readRevisions(context, wanted);
      if (revisions === undefined) return undefined;
      const key = keyOf(wanted, what);
      const known = cache.get(key);
      const standing =
        known?.graph === revisions.graph && known.package === revisions.package ? known : undefined;
      if (standing && context.clock.now().getTime() < standing.freshUntil) return standing;

      // Who has read higher revisions must not be given what was begun under lower ones.
      const flight = `${revisions.graph} ${revisions.package} ${key}`;
      const running = flights.get(flight);
      if (running) return running;
      const begun = (async () => {
        const made = (standing && (await freshened(context, wanted, standing))) ?? (await make());
        cache.set(key, { ...made, ...revisions, bytes: made.bytes + OVERHEAD });
        return made;
      })().finally(() => flights.delete(flight));
      flights.set(flight, begun);
      return begun;
    },
    grown(wanted, what, value, bytes) {
      const key = keyOf(wanted, what);
      const entry = cache.get(key);
      if (entry?.value === value) cache.set(key, { ...entry, bytes: entry.bytes + bytes });
    },
  };
}

function keyOf({ repository, format, name }: WantedPackage, what: string): string {
  return `${repository.id}\n${format}\n${name.namespace}\n${name.name}\n${what}`;
}

/** Undefined when an upstream says something else now. */
async function freshened<Value>(
  context: CodeArtifactContext,
  { format, name }: WantedPackage,
  { bytes, ...made }: Made<Value>,
): Promise<Made<Value> | undefined> {
  const { revision, freshUntil } = await checkConnections(
    context,
    context.formats.get(format),
    name,
    made.connections,
  );
  if (revision !== made.upstreamRevision) return undefined;
  return { ...made, freshUntil, bytes: bytes - OVERHEAD };
}
