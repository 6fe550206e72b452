/** What can be wrong with an aws-chunked body, in the words of the Amazon S3 API Reference, "Error responses". */
import { AwsError } from "../errors.ts";

export function incompleteBody(): AwsError {
  return new AwsError("IncompleteBody", "The request body terminated unexpectedly");
}

export function malformedTrailer(): AwsError {
  return new AwsError(
    "MalformedTrailerError",
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );
}

export function chunkTooSmall(chunk: number, size: number): AwsError {
  return new AwsError(
    "InvalidChunkSizeError",
    "Only the last chunk is allowed to have a size less than 8192 bytes",
    { members: { Chunk: chunk, BadChunkSize: size } },
  );
}

export function wrongChunkSignature(): AwsError {
  return new AwsError(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    { status: 403 },
  );
}
