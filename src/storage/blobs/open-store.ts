import { fileURLToPath } from "node:url";
import type { BlobStore } from "./blob-store.ts";
import { openDiskStore } from "./disk.ts";
import { BlobStoreUnusable } from "./errors.ts";
import { openS3Store } from "./s3.ts";

export interface StoreOptions {
  /** Disk only: uploads are refused when less than this is free. 256 MiB when absent. */
  readonly minimumFreeBytes?: number;
}

/**
 * Opens the store that `url` names:
 *
 *     /var/lib/shosoin, file:///var/lib/shosoin
 *     s3://bucket/prefix?region=us-east-1&endpoint=http://127.0.0.1:7070&path-style=true
 *
 * `path-style` is taken as true when there is an endpoint, as false for AWS itself. S3 credentials come from the
 * usual environment of an AWS client. Throws BlobStoreUnusable.
 */
export async function openBlobStore(url: string, options: StoreOptions = {}): Promise<BlobStore> {
  if (url.startsWith("s3:")) return openS3Store(parseS3Url(url));
  if (url.startsWith("file:")) return openDiskStore(fileURLToPath(url), options);
  if (/^[a-z][a-z0-9+.-]+:/i.test(url))
    throw new BlobStoreUnusable(`not a blob store this server knows: ${url}`);
  return openDiskStore(url, options);
}

const PARAMETERS = new Set(["endpoint", "region", "path-style"]);

function parseS3Url(url: string) {
  const { hostname, pathname, searchParams, username } = new URL(url);
  if (hostname === "" || username !== "")
    throw new BlobStoreUnusable("a blob store on S3 is named s3://bucket/prefix");
  for (const name of searchParams.keys()) {
    if (!PARAMETERS.has(name))
      throw new BlobStoreUnusable(`the blob store's URL has an unknown parameter: ${name}`);
  }
  const endpoint = searchParams.get("endpoint") ?? undefined;
  const pathStyle = searchParams.get("path-style") ?? String(endpoint !== undefined);
  if (pathStyle !== "true" && pathStyle !== "false")
    throw new BlobStoreUnusable("path-style is true or false");
  const prefix = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, "");
  return {
    bucket: hostname,
    prefix: prefix === "" ? "" : `${prefix}/`,
    region: searchParams.get("region") ?? process.env["AWS_REGION"] ?? "us-east-1",
    endpoint,
    pathStyle: pathStyle === "true",
  };
}
