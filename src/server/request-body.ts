import type { IncomingMessage } from "node:http";
import { AwsError } from "../aws/errors.ts";
import { BodyShares, type Client, type ShareLimits } from "./body-shares.ts";

/**
 * Bodies that are read whole: API calls, never artifacts' bytes. One may have 32 MiB (ECR's UploadLayerPart
 * carries 20 MiB in base64), and all at once no more than the budget, or a few hundred clients could take the whole
 * memory. Of that each client has a share (body-shares.ts): half for a key, a quarter for a network.
 */
export interface BodyReader {
  /** Throws AwsError when it is too large or too much is being read at this moment, ShareExhausted when by this client. */
  read(request: IncomingMessage, client: Client): Promise<Uint8Array>;
}

const EMPTY = new Uint8Array(0);

export function createBodyReader(
  limit = 32 * 2 ** 20,
  budget = 512 * 2 ** 20,
  limits: ShareLimits = { accessKey: budget / 2, network: Math.max(limit, budget / 4) },
): BodyReader {
  const shares = new BodyShares(limits);
  let held = 0;
  return {
    async read(request, client) {
      const length = Number(request.headers["content-length"] ?? 0);
      if (length > limit) throw tooLarge(limit);
      if (length === 0 && request.headers["transfer-encoding"] === undefined) return EMPTY;
      const chunks: Uint8Array[] = [];
      const share = shares.open(client);
      let size = 0;
      try {
        // Not destroyed when we stop reading: the client is still to be told why.
        const reading: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
        for await (const chunk of reading) {
          size += chunk.byteLength;
          held += chunk.byteLength;
          if (size > limit) throw tooLarge(limit);
          if (held > budget) throw busy();
          share.grow(size);
          chunks.push(chunk);
        }
        return chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, size);
      } finally {
        share.release();
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
