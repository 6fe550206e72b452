/** Files out: whole or one range (RFC 9110 section 14), conditional, HEAD; bytes stream with the socket's own speed. */
import type { OutgoingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { OpenAsset } from "../../services/codeartifact/engine.ts";
import { sendBytes } from "../../storage/blobs/send-bytes.ts";
import { parseRanges } from "../ranges.ts";
import { PackageError } from "./errors.ts";
import { type Answering, send } from "./exchange.ts";
import { matchesEtag } from "./send-rendered.ts";

/**
 * A file that is still coming from its upstream has no hashes yet: it is sent whole, without a tag, and with a length
 * only if the upstream said one.
 */
export async function sendAsset(
  exchange: Answering,
  asset: OpenAsset,
  options: { readonly contentType: string; readonly headers?: OutgoingHttpHeaders },
): Promise<void> {
  const { request } = exchange;
  const headers: OutgoingHttpHeaders = { "content-type": options.contentType, ...options.headers };
  const { size, hashes } = asset;
  if (size === undefined || hashes === undefined) {
    if (size !== undefined) headers["content-length"] = size;
    await stream(exchange, 200, headers, async () => begun(await asset.open()));
    return;
  }
  const etag = `"${hashes.sha256}"`;
  headers["etag"] = etag;
  headers["accept-ranges"] = "bytes";
  if (matchesEtag(request.headers["if-none-match"], etag)) {
    delete headers["content-type"];
    send(exchange, 304, headers);
    return;
  }
  const { range: asked, "if-range": ifRange } = request.headers;
  const ranges =
    asked === undefined || request.method === "HEAD" || (ifRange !== undefined && ifRange !== etag)
      ? "whole"
      : parseRanges(asked, size);
  if (ranges === "unsatisfiable")
    throw new PackageError(416, "InvalidRange", "The range lies outside of the file.", {
      "content-range": `bytes */${size}`,
    });
  const [range, ...others] = ranges === "whole" ? [] : ranges;
  if (range === undefined || others.length > 0) {
    await stream(exchange, 200, { ...headers, "content-length": size }, () => asset.open());
    return;
  }
  const { start, end } = range;
  headers["content-range"] = `bytes ${start}-${end}/${size}`;
  await stream(exchange, 206, { ...headers, "content-length": end - start + 1 }, () => asset.open(range));
}

/**
 * Waits for the first bytes: what fails before them is answered as an error, where a header already written leaves
 * only a cut connection (Bun 1.4 then sends an empty 200).
 */
async function begun(source: Readable): Promise<Readable> {
  const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    if (!first.done) yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return Readable.from(all(), { objectMode: false });
}

/** The source is opened before the first header, so that a file that cannot be read is answered as an error. */
async function stream(
  { request, response }: Answering,
  status: number,
  headers: OutgoingHttpHeaders,
  open: () => Promise<Readable>,
): Promise<void> {
  if (request.method === "HEAD") {
    response.writeHead(status, headers);
    response.end();
    return;
  }
  const source = await open();
  response.writeHead(status, headers);
  await sendBytes(source, response);
}
