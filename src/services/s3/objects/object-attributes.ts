import type {
  GetObjectAttributesCommandInput,
  GetObjectAttributesCommandOutput,
  GetObjectAttributesParts,
} from "@aws-sdk/client-s3";
import { invalidArgument } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { checksumOutput, partChecksumOutput } from "./checksum-members.ts";
import { readingKey } from "./object-encryption.ts";
import { partsOf } from "./parts.ts";
import { authorizeOn, openVersion, versionIdOutput } from "./read-version.ts";
import type { Version } from "./version.ts";

type Output = Omit<GetObjectAttributesCommandOutput, "$metadata">;

const MOST_PARTS = 1_000;
const NAMES: ReadonlySet<string> = new Set(["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]);

export async function getObjectAttributes(
  s3: S3Context,
  call: S3Call,
  input: GetObjectAttributesCommandInput,
): Promise<Output> {
  const names = new Set<string>(input.ObjectAttributes);
  if (names.size === 0 || ![...names].every((name) => NAMES.has(name)))
    throw invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes");
  const opened = await openVersion(s3, call, input);
  const { bucket, version } = opened;
  const action = input.VersionId === undefined ? "s3:GetObjectAttributes" : "s3:GetObjectVersionAttributes";
  authorizeOn(s3, call, bucket, action, version.key, version, input.VersionId);
  await readingKey(s3, call, bucket, version, input);
  const { checksum } = version.description;
  return {
    LastModified: version.createdAt,
    VersionId: versionIdOutput(bucket, version),
    ...(names.has("ETag") && { ETag: version.etag }),
    ...(names.has("Checksum") && checksum?.value !== undefined && { Checksum: checksumOutput(checksum) }),
    ...(names.has("StorageClass") && { StorageClass: version.storageClass as Output["StorageClass"] }),
    ...(names.has("ObjectSize") && { ObjectSize: version.size }),
    ...(names.has("ObjectParts") &&
      version.partCount > 0 && { ObjectParts: await partsOutput(s3, version, input) }),
  };
}

async function partsOutput(
  s3: S3Context,
  version: Version,
  { MaxParts: asked, PartNumberMarker: marker }: GetObjectAttributesCommandInput,
): Promise<GetObjectAttributesParts> {
  const most = Math.min(wholeNumber("x-amz-max-parts", asked) ?? MOST_PARTS, MOST_PARTS);
  const after = wholeNumber("x-amz-part-number-marker", marker) ?? 0;
  const found = await partsOf(s3.metadata.reader, version.id, { after, limit: most + 1 });
  const page = found.slice(0, most);
  return {
    TotalPartsCount: version.partCount,
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(page.at(-1)?.partNumber ?? (most === 0 ? after : 0)),
    MaxParts: most,
    // Whoever asks for no part has nothing to go on from.
    IsTruncated: most > 0 && found.length > most,
    Parts: page.map((part) => ({
      PartNumber: part.partNumber,
      Size: part.size,
      ...partChecksumOutput(part.checksums),
    })),
  };
}

function wholeNumber(header: string, value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  throw invalidArgument(
    `Provided ${header} is not an integer or within integer range`,
    header,
    String(value),
  );
}
