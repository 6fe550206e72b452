import { AwsError } from "../../../aws/errors.ts";

export interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/**
 * Buckets are bucket-owner-enforced: an object belongs to the bucket's owner, and a request may say only that (Amazon S3
 * user guide, "Controlling ownership of objects"). Throws AccessControlListNotSupported.
 */
export function checkObjectAcl(input: AclInput): void {
  const { ACL: acl, GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP } = input;
  const granted = GrantFullControl ?? GrantRead ?? GrantReadACP ?? GrantWriteACP;
  if (granted === undefined && (acl === undefined || acl === "" || acl === "bucket-owner-full-control"))
    return;
  throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs");
}
