import type { Readable } from "node:stream";
import type { UploadBody } from "../../services/s3/index.ts";
import { type AnnouncedChecksum, checkTrailer } from "./announced-checksum.ts";
import { chunkedNotImplemented, missingContentLength } from "./errors.ts";
import type { Payload } from "./payload.ts";

/**
 * The body of an upload as the engine gets it. Throws MissingContentLength, NotImplemented.
 * @param transferEncoding of the request
 */
export function uploadBody(
  announced: AnnouncedChecksum,
  payload: Payload,
  wire: Readable,
  transferEncoding: string | undefined,
): UploadBody {
  const { md5, algorithm, value, trailer } = announced;
  if (payload.length === undefined)
    throw transferEncoding === undefined ? missingContentLength() : chunkedNotImplemented();
  return {
    stream: payload.decode(wire),
    length: payload.length,
    md5,
    algorithm,
    checksum() {
      if (trailer === undefined || algorithm === undefined) return value;
      const said = payload.trailer(trailer);
      if (said !== undefined) checkTrailer(algorithm, said);
      return said;
    },
  };
}
