import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { type Logger, pino } from "pino";
import { temporaryFolder } from "../../../../../test/temporary-folder.ts";
import { temporaryMetadata } from "../../../../../test/temporary-metadata.ts";
import { type TurnedClock, turnedClock } from "../../../../../test/turned-clock.ts";
import { migrations as jobsMigrations } from "../../../../jobs/migrations.ts";
import type { Blobs } from "../../../../storage/blobs/blobs.ts";
import { createBlobs } from "../../../../storage/blobs/engine.ts";
import { migrations as blobsMigrations } from "../../../../storage/blobs/migrations.ts";
import { openBlobStore } from "../../../../storage/blobs/open-store.ts";
import type { Metadata } from "../../../../storage/metadata/metadata.ts";
import { openMetadata } from "../../../../storage/metadata/open.ts";
import type {
  Hashes,
  PackageFormat,
  UpstreamAsset,
  UpstreamListing,
  UpstreamProtocol,
} from "../../format.ts";
import { migrations } from "../../migrations.ts";
import type { ConnectionSettings } from "../connections.ts";
import { createUpstreams, type UpstreamSettings } from "../index.ts";
import type { CommitFetched, Upstreams, WantedAsset } from "../upstreams.ts";
import { HostileUpstream } from "./hostile-upstream.ts";

/** Upstreams on a database and a disk of their own, connected to one hostile upstream as "acme". */
export interface OpenUpstreams extends AsyncDisposable {
  readonly upstreams: Upstreams;
  readonly upstream: HostileUpstream;
  readonly metadata: Metadata;
  readonly blobs: Blobs;
  readonly clock: TurnedClock;
  /** Lines of the log from "warn" on. */
  readonly warnings: string[];
  /** As after a restart: nothing in memory. */
  restarted(): Upstreams;
}

export async function openUpstreams(
  options: Partial<Omit<UpstreamSettings, "connections">> & {
    readonly connection?: Partial<ConnectionSettings>;
    /** Of an empty database; an embedded one without it. */
    readonly databaseUrl?: string;
  } = {},
): Promise<OpenUpstreams> {
  const upstream = await HostileUpstream.start();
  const all = { ...migrations, ...blobsMigrations, ...jobsMigrations };
  const { connection, databaseUrl, ...settings } = options;
  const embedded = databaseUrl === undefined ? await temporaryMetadata(all) : undefined;
  const metadata = embedded ?? (await openMetadata(databaseUrl ?? "", all));
  const folder = temporaryFolder("upstreams");
  const store = await openBlobStore(folder.path, { minimumFreeBytes: 0 });
  const clock = turnedClock();
  const warnings: string[] = [];
  const log: Logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
  const blobs = createBlobs({ metadata, store, clock, log });
  const opened: Upstreams[] = [];
  const open = () => {
    const upstreams = createUpstreams({
      metadata,
      blobs,
      clock,
      log,
      settings: {
        freshSeconds: 300,
        negativeSeconds: 60,
        timeoutSeconds: 2,
        pauseMilliseconds: 5,
        proxyEnvironment: {},
        ...settings,
        connections: [{ name: "acme", format: "npm", baseUrl: upstream.url, ...connection }],
      },
    });
    opened.push(upstreams);
    return upstreams;
  };
  return {
    upstreams: open(),
    upstream,
    metadata,
    blobs,
    clock,
    warnings,
    restarted: open,
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each.close();
      upstream.stop();
      await store.close();
      await (embedded ? embedded[Symbol.asyncDispose]() : metadata.close());
      folder.remove();
    },
  };
}

/** A format whose listing is a JSON document of versions and their one file. */
export function testFormat(protocol: Partial<UpstreamProtocol> = {}): PackageFormat & { parsed: number } {
  const format = {
    name: "npm" as const,
    parsed: 0,
    normalizeName: (name: { namespace: string; name: string }) => name,
    normalizeVersion: (version: string) => version,
    assetsGrow: false,
    upstream: {
      async list(source, { name }): Promise<UpstreamListing | undefined> {
        const document = await source.document(name, "application/json");
        if (!document) return undefined;
        format.parsed += 1;
        return { ...JSON.parse(Buffer.from(document.bytes).toString()), tags: {}, metadata: {} };
      },
      ...protocol,
    } satisfies UpstreamProtocol,
  };
  return format;
}

export const NAME = { namespace: "", name: "left-pad" };

export function hashesOf(content: string | Buffer): Hashes {
  const hex = (algorithm: string) => createHash(algorithm).update(content).digest("hex");
  return { md5: hex("md5"), sha1: hex("sha1"), sha256: hex("sha256"), sha512: hex("sha512") };
}

export function wanted(
  upstream: HostileUpstream,
  asset: Partial<UpstreamAsset> = {},
  more: Partial<WantedAsset> = {},
): WantedAsset {
  return {
    connection: "acme",
    format: testFormat(),
    name: NAME,
    version: undefined,
    asset: { name: "file.tgz", url: `${upstream.url}file.tgz`, integrity: {}, metadata: {}, ...asset },
    place: "repository",
    ...more,
  };
}

/** Keeps the blob and remembers what was committed. */
export function keeping(blobs: Blobs): { readonly commit: CommitFetched; readonly kept: string[] } {
  const kept: string[] = [];
  return {
    kept,
    async commit(tx, blob, content) {
      await blobs.reference(tx, blob.id, `test/${kept.length}`);
      kept.push(content.hashes.sha256);
    },
  };
}

export async function text(stream: Promise<import("node:stream").Readable> | undefined): Promise<string> {
  if (!stream) throw new Error("there is no such file");
  return (await buffer(await stream)).toString();
}
