import { Readable } from "node:stream";
import type { Blob, Blobs } from "../../../storage/blobs/blobs.ts";
import { BlobTooLarge, BodyBrokenOff } from "../../../storage/blobs/errors.ts";
import { type Hashes, PackageInvalid, type ReceivedContent, type VersionDescription } from "../format.ts";
import type { ConnectionSettings } from "./connections.ts";
import type { UpstreamHttp } from "./http.ts";
import { LeadingReader } from "./leading-reader.ts";
import { resumedBody } from "./resumed-body.ts";
import { type CommitFetched, UpstreamRefused, UpstreamUnavailable, type WantedAsset } from "./upstreams.ts";
import { verify } from "./verification.ts";

/** As large as a publication may be. */
const MAX_ASSET_BYTES = 5 * 1024 * 1024 * 1024;

/** A file that was checked and is kept. */
export interface StoredAsset {
  readonly blob: Blob;
  readonly content: ReceivedContent;
  readonly description: VersionDescription | undefined;
}

/** One fetch of one file, from the upstream's first byte to the commit. */
export interface AssetFetch {
  /** Content-Length, or what the listing says. */
  readonly size: number | undefined;
  /** For whoever asked first. */
  readonly leader: LeadingReader;
  readonly stored: Promise<StoredAsset>;
}

/** Undefined when the upstream has no such file. */
export async function beginFetch(
  { http, blobs }: { readonly http: UpstreamHttp; readonly blobs: Pick<Blobs, "take" | "open"> },
  connection: ConnectionSettings,
  wanted: WantedAsset,
  commit: CommitFetched,
): Promise<AssetFetch | undefined> {
  const { asset } = wanted;
  const maxSize = asset.size ?? MAX_ASSET_BYTES;
  const request = {
    connection,
    url: asset.url,
    // The bytes as they are stored there: an integrity value is of them.
    headers: { accept: "*/*", "accept-encoding": "identity" },
    maxSize,
  };
  const further = asset.furtherIntegrity?.();
  // Whoever checks the bytes hears of it; there may be none to check.
  further?.catch(() => {});
  const answer = await http.get(request, async (received) => received);
  if (answer.status !== 200) {
    answer.discard();
    if (answer.status === 404) return undefined;
    throw new UpstreamRefused(`${connection.name} answers ${answer.status} to a plain question`);
  }
  if (answer.size !== undefined && (answer.size > maxSize || answer.size < (asset.size ?? 0))) {
    answer.discard();
    const should = asset.size === undefined ? `${maxSize} are taken` : `its upstream says ${asset.size}`;
    throw new UpstreamRefused(`${asset.name} is announced with ${answer.size} bytes where ${should}`);
  }
  const leader = new LeadingReader(async (start) => {
    const { blob } = await stored;
    return start < blob.size ? blobs.open(blob.id, { start, end: blob.size - 1 }) : Readable.from([]);
  });
  const checked = further !== undefined || Object.keys(asset.integrity).length > 0;
  const body = resumedBody(http, request, answer, checked);
  const stored = take(blobs, body, wanted, { maxSize, leader, further }, commit);
  stored.catch((error: unknown) => leader.failed(error));
  return { size: answer.size ?? asset.size, leader, stored };
}

async function take(
  blobs: Pick<Blobs, "take" | "open">,
  bytes: AsyncIterable<Buffer>,
  wanted: WantedAsset,
  {
    maxSize,
    leader,
    further,
  }: {
    readonly maxSize: number;
    readonly leader: LeadingReader;
    readonly further: Promise<Partial<Hashes>> | undefined;
  },
  commit: CommitFetched,
): Promise<StoredAsset> {
  const body = Readable.from(teed(bytes, leader), { objectMode: false, highWaterMark: 64 * 1024 });
  try {
    return await blobs.take(
      body,
      { maxSize, ...(wanted.encryption && { encryption: wanted.encryption }) },
      async (content) => {
        verify(content, wanted.asset);
        if (further) verify(content, { ...wanted.asset, integrity: await further });
        const description = await describe(content, wanted);
        leader.checked();
        return { hashes: content.hashes, size: content.size, description };
      },
      async (tx, blob, { hashes, size, description }) => {
        const content: ReceivedContent = { hashes, size, open: (range) => blobs.open(blob.id, range) };
        await commit(tx, blob, content, description);
        return { blob, content, description };
      },
    );
  } catch (error) {
    throw asUpstreams(error, wanted);
  } finally {
    // The store leaves it open when it fails itself.
    body.destroy();
  }
}

async function* teed(bytes: AsyncIterable<Buffer>, leader: LeadingReader): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    yield chunk;
    await leader.push(chunk);
  }
}

async function describe(
  content: ReceivedContent,
  { format, asset, version }: WantedAsset,
): Promise<VersionDescription | undefined> {
  const protocol = format.upstream;
  return protocol?.describe ? protocol.describe(content, asset, version) : version?.description;
}

/** What is wrong with the upstream's bytes is the upstream's, whoever found it. */
function asUpstreams(error: unknown, { connection, asset }: WantedAsset): Error {
  if (error instanceof BodyBrokenOff) {
    const { cause } = error;
    if (cause instanceof UpstreamUnavailable || cause instanceof UpstreamRefused) return cause;
    return new UpstreamUnavailable(`${connection} broke off while sending ${asset.name}`, { cause });
  }
  if (error instanceof PackageInvalid || error instanceof BlobTooLarge)
    return new UpstreamRefused(`${asset.name} of ${connection}: ${error.message}`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
