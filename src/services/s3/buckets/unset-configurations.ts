/**
 * What AWS can configure and this server does not do: reading and deleting answer as for a bucket on which it was never
 * set, so that Terraform and its like get through; setting it is refused, so that nobody believes in it.
 */
import type * as sdk from "@aws-sdk/client-s3";
import type { S3Call, S3Operations } from "../call.ts";
import type { S3Context } from "../context.ts";
import { malformedXml, noSuchConfiguration, notImplemented } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";

type Input = { readonly Bucket?: string | undefined };

export function unsetConfigurations(s3: S3Context): S3Operations {
  const none =
    (action: string, code: string, message: string) =>
    async (call: S3Call, input: Input): Promise<never> => {
      const { name } = await openBucket(s3, call, input.Bucket, action);
      throw noSuchConfiguration(code, message, name);
    };
  const empty =
    <Output extends object>(action: string, output: Output) =>
    async (call: S3Call, input: Input): Promise<Output> => {
      await openBucket(s3, call, input.Bucket, action);
      return output;
    };
  const refused =
    (action: string, what: string) =>
    async (call: S3Call, input: Input): Promise<never> => {
      await openBucket(s3, call, input.Bucket, action);
      throw notImplemented(what);
    };
  const missing = (action: string) =>
    none(action, "NoSuchConfiguration", "The specified configuration does not exist.");

  return {
    GetBucketWebsite: none(
      "s3:GetBucketWebsite",
      "NoSuchWebsiteConfiguration",
      "The specified bucket does not have a website configuration",
    ),
    PutBucketWebsite: refused("s3:PutBucketWebsite", "static websites"),
    DeleteBucketWebsite: empty("s3:DeleteBucketWebsite", {}),

    GetBucketReplication: none(
      "s3:GetReplicationConfiguration",
      "ReplicationConfigurationNotFoundError",
      "The replication configuration was not found",
    ),
    PutBucketReplication: refused("s3:PutReplicationConfiguration", "replication of buckets"),
    DeleteBucketReplication: empty("s3:PutReplicationConfiguration", {}),

    GetBucketAccelerateConfiguration: empty("s3:GetAccelerateConfiguration", {}),
    PutBucketAccelerateConfiguration: refused("s3:PutAccelerateConfiguration", "transfer acceleration"),

    GetBucketLogging: empty("s3:GetBucketLogging", {}),
    PutBucketLogging: (call, input) => putBucketLogging(s3, call, input),

    GetBucketAbac: empty("s3:GetBucketAbac", { AbacStatus: { Status: "Disabled" } as const }),
    PutBucketAbac: (call, input) => putBucketAbac(s3, call, input),

    ...named("Inventory", "inventory reports", { IsTruncated: false }),
    ...named("Analytics", "storage class analysis", { IsTruncated: false }),
    ...named("Metrics", "request metrics of buckets", { IsTruncated: false }),
    ...named("IntelligentTiering", "archive tiers of S3 Intelligent-Tiering", { IsTruncated: false }),
  };

  /** The configurations of which a bucket has many, each under an id. */
  function named(kind: string, what: string, list: object): S3Operations {
    const get = `s3:Get${kind}Configuration`;
    const put = `s3:Put${kind}Configuration`;
    return {
      [`GetBucket${kind}Configuration`]: missing(get),
      [`ListBucket${kind}Configurations`]: empty(get, list),
      [`PutBucket${kind}Configuration`]: refused(put, what),
      [`DeleteBucket${kind}Configuration`]: missing(put),
    };
  }
}

/** Switching off what is off is no change. */
async function putBucketLogging(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketLoggingCommandInput,
): Promise<object> {
  await openBucket(s3, call, input.Bucket, "s3:PutBucketLogging");
  if (input.BucketLoggingStatus === undefined) throw malformedXml();
  if (input.BucketLoggingStatus.LoggingEnabled !== undefined)
    throw notImplemented("server access logs of buckets; the server's own access log has every request");
  return {};
}

async function putBucketAbac(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketAbacCommandInput,
): Promise<object> {
  await openBucket(s3, call, input.Bucket, "s3:PutBucketAbac");
  const status = input.AbacStatus?.Status;
  if (status === "Disabled") return {};
  if (status !== "Enabled") throw malformedXml();
  throw notImplemented("access by the tags of buckets");
}
