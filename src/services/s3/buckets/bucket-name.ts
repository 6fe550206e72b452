/** Amazon S3 User Guide, "General purpose bucket naming rules", the account regional namespace included. */
import { AwsError } from "../../../aws/errors.ts";

const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
/** What only names of an account's own regional namespace end with. */
const REGIONAL_SUFFIX = "-an";

export interface NamespaceOwner {
  readonly account: string;
  readonly region: string;
}

/** Throws InvalidBucketName. `regional`: whose namespace the name must be of; absent for the global one. */
export function checkBucketName(name: string, regional?: NamespaceOwner): void {
  const valid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    // Each label begins and ends with a letter or digit.
    !/\.[.-]|-\./.test(name) &&
    !/^\d{1,3}(\.\d{1,3}){3}$/.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix)) &&
    inNamespace(name, regional);
  if (valid) return;
  throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", {
    members: { BucketName: name.slice(0, 255) },
  });
}

function inNamespace(name: string, regional: NamespaceOwner | undefined): boolean {
  if (regional === undefined) return !name.endsWith(REGIONAL_SUFFIX);
  const suffix = `-${regional.account}-${regional.region}${REGIONAL_SUFFIX}`;
  return name.endsWith(suffix) && name.length > suffix.length;
}
