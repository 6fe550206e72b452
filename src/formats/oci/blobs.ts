/**
 * Blobs out: OCI distribution-spec 1.1 "Pulling blobs" and "Deleting Blobs", with RFC 9110 ranges (section 14),
 * If-Range and If-None-Match. Several ranges in one request are answered as multipart/byteranges: podman's
 * partial pulls and lazy-loading snapshotters ask so.
 */
import { randomBytes } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { ByteRange } from "../../storage/blobs/blobs.ts";
import type { Digest } from "../../storage/blobs/digest.ts";
import { sendBytes } from "../../storage/blobs/send-bytes.ts";
import { parseRanges, type RequestedRanges } from "../ranges.ts";
import { RegistryError } from "./errors.ts";
import { API_VERSION, type Exchange, matchesEtag, send, sendEmpty } from "./exchange.ts";
import { digestParameter } from "./references.ts";

const CONTENT_TYPE = "application/octet-stream";

type Open = (range?: ByteRange) => Promise<Readable>;

export async function headBlob(exchange: Exchange): Promise<void> {
  const digest = digestParameter(exchange.route.last);
  const { size } = await exchange.registry.statLayer(exchange.call, exchange.route.name, digest);
  const headers = blobHeaders(digest);
  if (matchesEtag(exchange.request.headers["if-none-match"], `"${digest}"`)) {
    sendEmpty(exchange, 304, headers);
    return;
  }
  send(exchange, 200, { ...headers, "content-type": CONTENT_TYPE, "content-length": size });
}

export async function getBlob(exchange: Exchange): Promise<void> {
  const digest = digestParameter(exchange.route.last);
  const headers = blobHeaders(digest);
  const layer = await exchange.registry.getLayer(exchange.call, exchange.route.name, digest);
  if (matchesEtag(exchange.request.headers["if-none-match"], `"${digest}"`)) {
    sendEmpty(exchange, 304, headers);
    return;
  }
  const { size } = layer;
  const ranges = wantedRanges(exchange, digest, size);
  if (ranges === "unsatisfiable") {
    throw new RegistryError(416, "SIZE_INVALID", "the range lies outside of the blob", {
      detail: { size },
      headers: { "content-range": `bytes */${size}` },
    });
  }
  if (ranges === "whole") {
    await stream(exchange, 200, { ...headers, "content-type": CONTENT_TYPE, "content-length": size }, () =>
      layer.open(),
    );
    return;
  }
  const [range, ...others] = ranges;
  if (range !== undefined && others.length === 0) {
    const length = range.end - range.start + 1;
    await stream(
      exchange,
      206,
      {
        ...headers,
        "content-type": CONTENT_TYPE,
        "content-length": length,
        "content-range": `bytes ${range.start}-${range.end}/${size}`,
      },
      () => layer.open(range),
    );
    return;
  }
  await streamParts(exchange, headers, ranges, size, (part) => layer.open(part));
}

export async function deleteBlob(exchange: Exchange): Promise<void> {
  const digest = digestParameter(exchange.route.last);
  await exchange.registry.deleteLayer(exchange.call, exchange.route.name, digest);
  sendEmpty(exchange, 202, { "docker-content-digest": digest });
}

function blobHeaders(digest: Digest): OutgoingHttpHeaders {
  return { "docker-content-digest": digest, etag: `"${digest}"`, "accept-ranges": "bytes" };
}

/** RFC 9110 section 13.1.5: a range counts only for the representation that `If-Range` names. */
function wantedRanges({ request }: Exchange, digest: Digest, size: number): RequestedRanges {
  const { range, "if-range": ifRange } = request.headers;
  if (range === undefined || (ifRange !== undefined && ifRange !== `"${digest}"`)) return "whole";
  return parseRanges(range, size);
}

/** The source is opened before the first header, so that a blob that cannot be read is answered as an error. */
async function stream(
  { response }: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
  open: () => Promise<Readable>,
): Promise<void> {
  const source = await open();
  response.writeHead(status, { ...headers, "docker-distribution-api-version": API_VERSION });
  await sendBytes(source, response);
}

/** RFC 9110 section 14.6. One part is open at a time. */
async function streamParts(
  exchange: Exchange,
  headers: OutgoingHttpHeaders,
  ranges: readonly ByteRange[],
  size: number,
  open: Open,
): Promise<void> {
  const boundary = randomBytes(16).toString("hex");
  const parts = ranges.map((range) => ({
    range,
    head: `\r\n--${boundary}\r\nContent-Type: ${CONTENT_TYPE}\r\nContent-Range: bytes ${range.start}-${range.end}/${size}\r\n\r\n`,
  }));
  const tail = `\r\n--${boundary}--\r\n`;
  const length = parts.reduce(
    (sum, { head, range }) => sum + head.length + range.end - range.start + 1,
    tail.length,
  );

  async function* bytes(): AsyncGenerator<Buffer> {
    for (const { head, range } of parts) {
      yield Buffer.from(head);
      yield* await open(range);
    }
    yield Buffer.from(tail);
  }
  await stream(
    exchange,
    206,
    { ...headers, "content-type": `multipart/byteranges; boundary=${boundary}`, "content-length": length },
    async () => Readable.from(bytes(), { objectMode: false }),
  );
}
