/**
 * The services that sign as S3 does (S3 API reference, "Authenticating Requests"): the path as it is sent, and a body
 * that may go unsigned or in signed chunks. Every other service signs the path normalised and encoded once more.
 */
const SERVICES: ReadonlySet<string> = new Set(["s3", "s3express", "s3-object-lambda", "s3-outposts"]);

/** @param service the signing name of a credential scope */
export function signsAsS3(service: string): boolean {
  return SERVICES.has(service);
}
