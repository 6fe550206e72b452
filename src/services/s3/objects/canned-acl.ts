import { AwsError } from "../../../aws/errors.ts";

export interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/**
 * What says no more than that the object is its owner's. "private" says the same as no header, and forms, older rclones
 * and whoever learned S3 before 2023 send it with everything.
 */
const OWNER_ONLY: ReadonlySet<string> = new Set(["", "private", "bucket-owner-full-control"]);

/**
 * Buckets are bucket-owner-enforced: an object belongs to the bucket's owner, and a request may say only that (Amazon S3
 * user guide, "Controlling ownership of objects"). Throws AccessControlListNotSupported.
 */
export function checkObjectAcl(input: AclInput): void {
  const { ACL: acl, GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP } = input;
  const granted = GrantFullControl ?? GrantRead ?? GrantReadACP ?? GrantWriteACP;
  if (granted === undefined && (acl === undefined || OWNER_ONLY.has(acl))) return;
  throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs");
}
