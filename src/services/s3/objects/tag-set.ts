/** Tags of an object (Amazon S3 user guide, "Categorizing your objects using tags"). */
import { AwsError } from "../../../aws/errors.ts";
import { invalidArgument } from "../buckets/errors.ts";
import { checkTags, type TagLimits } from "../buckets/tag-set.ts";

export type TagSet = Readonly<Record<string, string>>;

export const OBJECT_TAG_LIMITS: TagLimits = {
  most: 10,
  tooMany: new AwsError("BadRequest", "Object tags cannot be greater than 10"),
};

/** As `s3_versions.tags` keeps it. */
export function tagsColumn(tags: TagSet): string {
  return Object.keys(tags).length === 0 ? "" : JSON.stringify(tags);
}

/** `x-amz-tagging`: `team=a&stage=b`, URL-encoded. Throws InvalidArgument, InvalidTag, BadRequest. */
export function parseTaggingHeader(header: string | undefined): TagSet {
  if (header === undefined || header === "") return {};
  const pairs = header.split("&").filter((pair) => pair !== "");
  const tags = pairs.map((pair) => {
    const at = pair.indexOf("=");
    const [key, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    return { Key: decode(key, header), Value: decode(value, header) };
  });
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw malformedHeader(header);
  return checkTags(tags, OBJECT_TAG_LIMITS);
}

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw malformedHeader(header);
  }
}

function malformedHeader(header: string): AwsError {
  return invalidArgument(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    "x-amz-tagging",
    header,
  );
}
