import { afterAll, beforeAll, describe } from "bun:test";
import { join } from "node:path";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import { openBlobStore, type StoreOptions } from "../../src/storage/blobs/open-store.ts";
import { describeWithClients } from "../client.ts";
import { type S3Server, startS3Server } from "../s3-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** What a suite needs of a kind of blob store. */
export interface TestStores {
  readonly kind: "disk" | "s3";
  /** The URL of an empty store. */
  fresh(): string;
  open(url: string, options?: StoreOptions): Promise<BlobStore>;
  /** The folder in which the store's bytes lie, to look and to do damage. */
  folder(url: string): string;
}

/** Runs one suite against every place in which Shosoin can keep bytes. */
export function describeOnEachStore(title: string, define: (stores: TestStores) => void): void {
  describe(`${title} on disk`, () => {
    const place = temporaryFolder("blobs");
    afterAll(() => place.remove());
    let count = 0;
    define({
      kind: "disk",
      fresh: () => join(place.path, String(++count)),
      open: openBlobStore,
      folder: (url) => join(url, "blobs"),
    });
  });

  describeWithClients(`${title} on S3`, ["versitygw"], () => {
    let server: S3Server | undefined;
    const running = (): S3Server => {
      if (!server) throw new Error("the S3 server does not run");
      return server;
    };
    beforeAll(async () => {
      server = await startS3Server();
      Object.assign(process.env, server.environment);
    }, 30_000);
    afterAll(async () => {
      await server?.stop();
    }, 30_000);
    let count = 0;
    define({
      kind: "s3",
      fresh: () => running().url(String(++count)),
      open: openBlobStore,
      folder: (url) => join(running().folder, new URL(url).pathname, "blobs"),
    });
  });
}
