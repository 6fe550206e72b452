import type * as sdk from "@aws-sdk/client-s3";
import type { AccountId, Region } from "../../../aws/names.ts";

/** Every configuration of a bucket, as the SDK's own types write it; a member that is absent was never set. */
export interface BucketSettings {
  /** The policy document, as it was put. */
  readonly policy?: string;
  readonly publicAccessBlock?: sdk.PublicAccessBlockConfiguration;
  readonly ownership?: sdk.ObjectOwnership;
  readonly encryption?: sdk.ServerSideEncryptionConfiguration;
  readonly lifecycle?: {
    readonly rules: readonly sdk.LifecycleRule[];
    readonly minimumSize: sdk.TransitionDefaultMinimumObjectSize;
  };
  readonly cors?: readonly sdk.CORSRule[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly notification?: sdk.NotificationConfiguration;
  /** Present when Object Lock is enabled, for good. */
  readonly objectLock?: sdk.ObjectLockConfiguration;
  readonly requestPayment?: sdk.Payer;
  readonly logging?: sdk.LoggingEnabled;
}

export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly account: AccountId;
  readonly region: Region;
  readonly createdAt: Date;
  readonly versioning: "" | "Enabled" | "Suspended";
  readonly settings: BucketSettings;
  readonly revision: number;
}

/** `arn:aws:s3:::bucket` */
export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}

/** `arn:aws:s3:::bucket/key` */
export function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}
