import type {
  DeleteObjectTaggingCommandInput,
  DeleteObjectTaggingCommandOutput,
  GetObjectTaggingCommandInput,
  GetObjectTaggingCommandOutput,
  PutObjectTaggingCommandInput,
  PutObjectTaggingCommandOutput,
} from "@aws-sdk/client-s3";
import { malformedXml } from "../buckets/errors.ts";
import { requestTagConditions } from "../buckets/request-conditions.ts";
import { checkTags, tagSet } from "../buckets/tag-set.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { recordObjectEvent } from "../object-events.ts";
import { noSuchKey } from "./errors.ts";
import { causeOf } from "./new-object.ts";
import { type OpenedVersion, openVersion, versionIdOutput } from "./read-version.ts";
import { OBJECT_TAG_LIMITS, type TagSet, tagsColumn } from "./tag-set.ts";

export async function getObjectTagging(
  s3: S3Context,
  call: S3Call,
  input: GetObjectTaggingCommandInput,
): Promise<Omit<GetObjectTaggingCommandOutput, "$metadata">> {
  const { bucket, version } = await openVersion(s3, call, input, {
    current: "s3:GetObjectTagging",
    named: "s3:GetObjectVersionTagging",
    onMarker: "GET",
  });
  const tags = Object.entries(version.tags).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { TagSet: tagSet(Object.fromEntries(tags)), VersionId: versionIdOutput(bucket, version) };
}

export async function putObjectTagging(
  s3: S3Context,
  call: S3Call,
  input: PutObjectTaggingCommandInput,
): Promise<Omit<PutObjectTaggingCommandOutput, "$metadata">> {
  if (input.Tagging?.TagSet === undefined) throw malformedXml();
  const tags = checkTags(input.Tagging.TagSet, OBJECT_TAG_LIMITS);
  const actions = {
    current: "s3:PutObjectTagging",
    named: "s3:PutObjectVersionTagging",
    onMarker: "PUT",
  } as const;
  const opened = await openVersion(s3, call, input, actions, requestTagConditions(tags));
  await setTags(s3, call, opened, tags, "Object Tags Added");
  return { VersionId: versionIdOutput(opened.bucket, opened.version) };
}

export async function deleteObjectTagging(
  s3: S3Context,
  call: S3Call,
  input: DeleteObjectTaggingCommandInput,
): Promise<Omit<DeleteObjectTaggingCommandOutput, "$metadata">> {
  const opened = await openVersion(s3, call, input, {
    current: "s3:DeleteObjectTagging",
    named: "s3:DeleteObjectVersionTagging",
    onMarker: "DELETE",
  });
  await setTags(s3, call, opened, {}, "Object Tags Deleted");
  return { VersionId: versionIdOutput(opened.bucket, opened.version) };
}

async function setTags(
  s3: S3Context,
  call: S3Call,
  { bucket, version }: OpenedVersion,
  tags: TagSet,
  type: "Object Tags Added" | "Object Tags Deleted",
): Promise<void> {
  await s3.metadata.write(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable("s3_versions")
      .set({ tags: tagsColumn(tags) })
      .where("id", "=", version.id)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noSuchKey(version.key);
    const { key, etag, versionId } = version;
    const event = { type, time: s3.clock.now(), key, etag, versionId };
    await recordObjectEvent(tx, s3, bucket, event, causeOf(call, type));
  });
}
