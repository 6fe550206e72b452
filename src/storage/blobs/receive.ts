import type { Readable } from "node:stream";
import type { BlobWriter } from "./blob-store.ts";
import { BlobTooLarge, BodyBrokenOff } from "./errors.ts";
import type { UploadHash } from "./upload-hash.ts";

/**
 * Moves a request's body into a writer, at the pace of the slower one. Resolves to undefined at the body's
 * end, or to BodyBrokenOff when it broke off or `signal` fired: the writer has taken what came until then.
 * Throws what the writer throws, and BlobTooLarge beyond `room` bytes.
 *
 * The body is left open when the writer fails, so that its connection can still carry the answer.
 */
export async function receive(
  body: Readable,
  writer: BlobWriter,
  options: { hash: UploadHash | undefined; room: number; signal: AbortSignal | undefined },
): Promise<BodyBrokenOff | undefined> {
  const stop = () => body.destroy(new BodyBrokenOff("the request was aborted"));
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    let received = 0;
    const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
    for (;;) {
      const next = await chunks
        .next()
        .catch((cause: unknown) => new BodyBrokenOff("the body broke off", { cause }));
      if (next instanceof BodyBrokenOff) return next;
      if (next.done === true) return undefined;
      received += next.value.length;
      if (received > options.room) throw new BlobTooLarge(`more than ${options.room} bytes came`);
      await options.hash?.update(next.value);
      await writer.write(next.value);
    }
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
}
