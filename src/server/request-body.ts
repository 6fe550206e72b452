import type { IncomingMessage } from "node:http";
import { AwsError } from "../aws/errors.ts";

/**
 * Bodies that are read whole: API calls, never artifacts' bytes. One may have 32 MiB (ECR's UploadLayerPart
 * carries 20 MiB in base64), and all at once no more than the budget, or a few hundred unsigned clients could
 * take the whole memory.
 */
export interface BodyReader {
  /** Throws AwsError when it is too large, or too much is being read at this moment. */
  read(request: IncomingMessage): Promise<Uint8Array>;
}

const EMPTY = new Uint8Array(0);

export function createBodyReader(limit = 32 * 2 ** 20, budget = 512 * 2 ** 20): BodyReader {
  let held = 0;
  return {
    async read(request) {
      const length = Number(request.headers["content-length"] ?? 0);
      if (length > limit) throw tooLarge(limit);
      if (length === 0 && request.headers["transfer-encoding"] === undefined) return EMPTY;
      const chunks: Uint8Array[] = [];
      let size = 0;
      try {
        // Not destroyed when we stop reading: the client is still to be told why.
        const reading: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
        for await (const chunk of reading) {
          size += chunk.byteLength;
          held += chunk.byteLength;
          if (size > limit) throw tooLarge(limit);
          if (held > budget) throw busy();
          chunks.push(chunk);
        }
        return chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, size);
      } finally {
        held -= size;
      }
    },
  };
}

function tooLarge(limit: number): AwsError {
  return new AwsError("RequestEntityTooLarge", `The request body is larger than ${limit} bytes.`, {
    status: 413,
  });
}

function busy(): AwsError {
  return new AwsError("ServiceUnavailable", "Too many large requests at once. Try again later.", {
    status: 503,
  });
}
