import type { IncomingMessage } from "node:http";
import { UpstreamRefused, UpstreamUnavailable } from "./upstreams.ts";

/** So much has to come in each interval of waiting: an upstream that drips holds up nothing for long. */
const PROGRESS_BYTES = 32 * 1024;

/**
 * The bytes of an answer, as they come. Node reports one that ends before its Content-Length (or its last chunk) as
 * an error; so does this one for more than `maxSize`, and for less than PROGRESS_BYTES in `milliseconds` of waiting,
 * whatever time the reader takes for itself.
 */
export async function* readBody(
  response: IncomingMessage,
  host: string,
  maxSize: number,
  milliseconds: number,
): AsyncGenerator<Buffer, void, undefined> {
  let size = 0;
  let arrived = 0;
  let waited = 0;
  const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
  const announced = Number(response.headers["content-length"] ?? 0);
  try {
    if (announced > maxSize)
      throw new UpstreamRefused(`${host} announces ${announced} bytes; ${maxSize} are taken`);
    for (;;) {
      const asked = performance.now();
      const tooSlow = () =>
        response.destroy(new UpstreamUnavailable(`${host} sends too slowly`, { status: 504 }));
      const timer = setTimeout(tooSlow, Math.max(0, milliseconds - waited));
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      waited += performance.now() - asked;
      arrived += next.value.length;
      size += next.value.length;
      if (arrived >= PROGRESS_BYTES) [arrived, waited] = [0, 0];
      if (size > maxSize) throw new UpstreamRefused(`${host} sends more than ${maxSize} bytes`);
      yield next.value;
    }
  } finally {
    // Given up in the middle: the connection is of no use any more.
    if (!response.complete) response.destroy();
  }
}
