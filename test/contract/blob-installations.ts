import { afterAll, beforeAll } from "bun:test";
import { join } from "node:path";
import pino from "pino";
import type { EncryptionScope } from "../../src/storage/blobs/blob-keys.ts";
import type { BlobsOptions } from "../../src/storage/blobs/context.ts";
import { createBlobs } from "../../src/storage/blobs/engine.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { filesIn } from "../blob-bytes.ts";
import { BlobTestKeys } from "../blob-test-keys.ts";
import { type PostgresServer, postgresPrograms, startPostgres } from "../postgres-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { describeOnEachStore, type TestStores } from "./blob-stores.ts";

export const MEBIBYTE = 1024 * 1024;
export const DAY = 86_400_000;
export const OWNER = "ecr/repository-1";
export const NEVER = new AbortController().signal;

/** What a suite needs of a way to run Shosoin. */
export interface TestInstallations {
  readonly kind: TestStores["kind"];
  /** Of blobs that nobody names a key for. */
  readonly defaultScope: EncryptionScope;
  readonly install: ReturnType<typeof installing>;
}

/**
 * Runs one suite in the two sizes in which Shosoin runs (disk with SQLite, S3 with PostgreSQL; SQLite where none is
 * installed), without encryption and with it.
 */
export function describeOnEachInstallation(
  title: string,
  define: (installations: TestInstallations) => void,
): void {
  for (const defaultScope of ["none", "server"] as const)
    describeOnEachStore(defaultScope === "none" ? title : `encrypted: ${title}`, (stores) =>
      define({ kind: stores.kind, defaultScope, install: installing(stores, defaultScope) }),
    );
}

function installing(stores: TestStores, defaultScope: EncryptionScope) {
  const place = temporaryFolder("blobs-database");
  let postgres: PostgresServer | undefined;
  beforeAll(async () => {
    if (stores.kind === "s3" && postgresPrograms() !== undefined) postgres = await startPostgres();
  }, 30_000);
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
    await postgres?.stop();
    place.remove();
  }, 30_000);

  let databases = 0;
  /** One installation: `server()` starts another server on the same database and store. */
  return async function install() {
    const database = (await postgres?.createDatabase()) ?? join(place.path, `${++databases}.db`);
    const url = stores.fresh();
    const keys = new BlobTestKeys();
    const time = { now: Date.UTC(2026, 0, 1) };
    const clock = { now: () => new Date(time.now), dayMilliseconds: DAY };
    // The embedded database belongs to one process: "another server" is a new engine on it, as after a restart.
    const embedded = postgres ? undefined : await openMetadata(database, migrations);
    if (embedded) closing.push(() => embedded.close());
    const server = async (
      options: Partial<BlobsOptions> = {},
      around: (metadata: Metadata) => Metadata = (metadata) => metadata,
    ) => {
      const metadata = embedded ?? (await openMetadata(database, migrations));
      const store = await stores.open(url, { minimumFreeBytes: 0 });
      closing.push(async () => {
        await store.close();
        if (!embedded) await metadata.close();
      });
      const log = pino({ level: "silent" });
      const blobs = createBlobs({
        metadata: around(metadata),
        store,
        clock,
        log,
        keys,
        defaultScope,
        ...options,
      });
      return { blobs, metadata, store };
    };
    return { time, server, files: () => filesIn(stores.folder(url)) };
  };
}
