import type { Readable } from "node:stream";
import type { UploadBody } from "../../services/s3/index.ts";
import { checkTrailer, readAnnouncedChecksum } from "./announced-checksum.ts";
import { missingContentLength } from "./errors.ts";
import type { Payload } from "./payload.ts";
import type { RequestHead } from "./request-head.ts";

/** The body of an upload as the engine gets it. Throws AwsError: MissingContentLength, InvalidDigest, InvalidRequest. */
export function uploadBody(head: RequestHead, payload: Payload, wire: Readable): UploadBody {
  const { md5, algorithm, value, trailer } = readAnnouncedChecksum(head.header);
  if (payload.length === undefined) throw missingContentLength();
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
