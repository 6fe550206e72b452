import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { UpstreamRefused } from "./upstreams.ts";

/** The largest packuments are some 60 MB of JSON; anything much beyond is an attack. */
export const MAX_DOCUMENT_BYTES = 128 * 1024 * 1024;

const DECODERS: Readonly<
  Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(zlib.gunzip),
  "x-gzip": promisify(zlib.gunzip),
  deflate: promisify(zlib.inflate),
  br: promisify(zlib.brotliDecompress),
};

export const ACCEPTED_ENCODINGS = "gzip, br, deflate";

/** Takes off one Content-Encoding. Throws UpstreamRefused for one that nobody asked for, for damage and for bombs. */
export async function decode(bytes: Buffer, encoding: string | undefined, what: string): Promise<Buffer> {
  const name = (encoding ?? "identity").trim().toLowerCase();
  if (name === "identity" || name === "") return bytes;
  const decoder = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (!decoder) throw new UpstreamRefused(`${what} is encoded as ${name.slice(0, 50)}`);
  try {
    return await decoder(bytes, { maxOutputLength: MAX_DOCUMENT_BYTES });
  } catch (error) {
    const bomb = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const problem = bomb ? `unpacks to more than ${MAX_DOCUMENT_BYTES} bytes` : "cannot be unpacked";
    throw new UpstreamRefused(`${what} ${problem}`, { cause: error });
  }
}

const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

/** For the database; fast rather than small. */
export const compress = (bytes: Uint8Array): Promise<Buffer> => gzip(bytes, { level: 4 });

export const decompress = (bytes: Uint8Array): Promise<Buffer> =>
  gunzip(bytes, { maxOutputLength: MAX_DOCUMENT_BYTES });
