import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { BoundedCache } from "../../../bounded-cache.ts";
import type { Clock } from "../../../clock.ts";
import type { Blobs } from "../../../storage/blobs/blobs.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import { type AssetFetch, beginFetch, type StoredAsset } from "./asset-fetch.ts";
import type { ConnectionSettings } from "./connections.ts";
import type { UpstreamHttp } from "./http.ts";
import type { CommitFetched, FetchedAsset, WantedAsset } from "./upstreams.ts";

export interface AssetsDependencies {
  readonly metadata: Metadata;
  readonly blobs: Pick<Blobs, "take" | "open">;
  readonly http: UpstreamHttp;
  readonly clock: Clock;
  readonly negativeMilliseconds: number;
}

interface Run {
  readonly begun: Promise<AssetFetch | undefined>;
  /** The commits of this fetch by place. */
  readonly places: Map<string, Promise<void>>;
  done: boolean;
}

/** Who looked for a stored file just before it was stored asks for it just after: it is still here then. */
const REMEMBERED_MILLISECONDS = 10_000;
const NAMES_KNOWN_ABSENT = 20_000;

/** Files of upstreams: one fetch of each at a time, for as many as ask. */
export function createAssets(dependencies: AssetsDependencies) {
  const { metadata, blobs, clock, negativeMilliseconds } = dependencies;
  const runs = new Map<string, Run>();
  const absent = new BoundedCache<string, { readonly until: number }>(NAMES_KNOWN_ABSENT);
  const storing = new Set<Promise<unknown>>();
  const now = () => clock.now().getTime();

  async function fetch(
    connection: ConnectionSettings,
    wanted: WantedAsset,
    commit: CommitFetched,
  ): Promise<FetchedAsset | undefined> {
    const { url, size, integrity } = wanted.asset;
    const id = idOf([connection.name, url, size, Object.entries(integrity).sort(), wanted.encryption?.scope]);
    if ((absent.get(id)?.until ?? 0) > now()) return undefined;
    const run = runs.get(id);
    if (!run) return lead(id, connection, wanted, commit);
    const fetched = await run.begun;
    return fetched && follow(run, fetched, wanted.place, commit);
  }

  async function lead(
    id: string,
    connection: ConnectionSettings,
    wanted: WantedAsset,
    commit: CommitFetched,
  ): Promise<FetchedAsset | undefined> {
    const run: Run = {
      begun: beginFetch(dependencies, connection, wanted, commit),
      places: new Map(),
      done: false,
    };
    runs.set(id, run);
    let fetched: AssetFetch | undefined;
    try {
      fetched = await run.begun;
    } catch (error) {
      runs.delete(id);
      throw error;
    }
    if (!fetched) {
      absent.set(id, { until: now() + negativeMilliseconds });
      runs.delete(id);
      return undefined;
    }
    const { leader, size } = fetched;
    const stored = tracked(fetched.stored.then(() => {}));
    run.places.set(wanted.place, stored);
    stored.then(
      () => {
        run.done = true;
        setTimeout(() => runs.delete(id), REMEMBERED_MILLISECONDS).unref();
      },
      () => runs.delete(id),
    );
    return { size, stored, stream: async () => leader.stream() };
  }

  function follow(run: Run, fetched: AssetFetch, place: string, commit: CommitFetched): FetchedAsset {
    // What a finished fetch committed may have been deleted since: it is committed again.
    let stored = run.done ? undefined : run.places.get(place);
    if (!stored) {
      stored = tracked(fetched.stored.then((asset) => commitHere(asset, commit)));
      run.places.set(place, stored);
    }
    return {
      size: fetched.size,
      stored,
      async stream(): Promise<Readable> {
        const { blob } = await fetched.stored;
        return blobs.open(blob.id);
      },
    };
  }

  function commitHere({ blob, content, description }: StoredAsset, commit: CommitFetched): Promise<void> {
    return metadata.write((tx) => commit(tx, blob, content, description));
  }

  function tracked(stored: Promise<void>): Promise<void> {
    storing.add(stored);
    stored.catch(() => {}).finally(() => storing.delete(stored));
    return stored;
  }

  return {
    fetch,
    /** When nothing is being stored any more, for the end. */
    async idle(): Promise<void> {
      await Promise.allSettled(storing);
    },
  };
}

/** Of one length: addresses have kilobytes, and names that are not there are anybody's to invent. */
function idOf(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
