/** What S3 refuses of lifecycle documents and restores, with its texts. */
import { AwsError } from "../../../aws/errors.ts";

export function noSuchLifecycle(bucket: string): AwsError {
  return new AwsError("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", {
    status: 404,
    members: { BucketName: bucket },
  });
}

export function restoreNotAllowed(storageClass: string): AwsError {
  return new AwsError("InvalidObjectState", "Restore is not allowed for the object's current storage class", {
    status: 403,
    members: { StorageClass: storageClass },
  });
}

export function restoreInProgress(): AwsError {
  return new AwsError("RestoreAlreadyInProgress", "Object restore is already in progress", { status: 409 });
}

export function tierNotSupported(): AwsError {
  return new AwsError("InvalidArgument", "Retrieval option is not supported by this storage class");
}
