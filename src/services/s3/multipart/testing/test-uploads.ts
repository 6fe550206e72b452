/** Multipart uploads as tests make them, and a look at what they leave behind. */
import { createHash } from "node:crypto";
import type {
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
} from "@aws-sdk/client-s3";
import { BUCKET, bodyOf, type CallOptions, type TestObjects } from "../../objects/testing/test-objects.ts";

export interface Named {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

export async function create(
  objects: TestObjects,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<Named> {
  const { Bucket = BUCKET, Key = "key" } = input;
  const { UploadId = "" } = await objects.api.CreateMultipartUpload(objects.call(), {
    ...input,
    Bucket,
    Key,
  });
  return { Bucket, Key, UploadId };
}

export function put(
  objects: TestObjects,
  upload: Named,
  PartNumber: number,
  content: string | Uint8Array,
  as: CallOptions = {},
) {
  return objects.api.UploadPart(objects.call({ body: bodyOf(content), ...as }), { ...upload, PartNumber });
}

export function putChecked(
  objects: TestObjects,
  upload: Named,
  PartNumber: number,
  content: string,
  algorithm: "SHA256" | "CRC32" | "CRC32C",
  checksum: string,
) {
  const body = bodyOf(content, { algorithm, checksum });
  return objects.api.UploadPart(objects.call({ body }), { ...upload, PartNumber });
}

/** With the parts as they lie there. */
export async function complete(
  objects: TestObjects,
  upload: Named,
  numbers: readonly number[],
  input: Partial<CompleteMultipartUploadCommandInput> = {},
) {
  const rows = await objects.metadata.reader
    .selectFrom("s3_upload_parts")
    .selectAll()
    .where("upload_id", "=", upload.UploadId)
    .execute();
  remembered.set(upload.UploadId, rows.length > 0 ? rows : (remembered.get(upload.UploadId) ?? []));
  const Parts = numbers.map((PartNumber) => ({
    PartNumber,
    ETag: `"${remembered.get(upload.UploadId)?.find(({ part_number }) => part_number === PartNumber)?.etag}"`,
  }));
  return objects.api.CompleteMultipartUpload(objects.call(), {
    ...upload,
    MultipartUpload: { Parts },
    ...input,
  });
}

const remembered = new Map<string, readonly { readonly part_number: number; readonly etag: string }[]>();

/** Rows that nobody could reach any more: references to blobs and parts whose owner is gone. */
export async function leftovers({ metadata }: TestObjects): Promise<string[]> {
  const references = await metadata.reader.selectFrom("blob_references").select("referrer").execute();
  const versions = await metadata.reader.selectFrom("s3_versions").select("id").execute();
  const parts = await metadata.reader
    .selectFrom("s3_upload_parts")
    .select(["upload_id", "part_number"])
    .execute();
  const uploads = await metadata.reader.selectFrom("s3_uploads").select("id").execute();
  const known = new Set([
    ...versions.map(({ id }) => `s3/${id}`),
    ...parts.map(({ upload_id: id, part_number: number }) => `s3-upload/${id}/${number}`),
  ]);
  return [
    ...references.map(({ referrer }) => referrer).filter((referrer) => !known.has(referrer)),
    ...parts
      .filter((part) => !uploads.some(({ id }) => id === part.upload_id))
      .map(({ upload_id: id }) => id),
  ];
}

export async function versioned(objects: TestObjects): Promise<void> {
  await objects.api.PutBucketVersioning(objects.call(), {
    Bucket: BUCKET,
    VersioningConfiguration: { Status: "Enabled" },
  });
}

export async function list(objects: TestObjects, input: object): Promise<string> {
  const answer: unknown = await objects.api.ListMultipartUploads(objects.call(), {
    Bucket: BUCKET,
    EncodingType: "url",
    ...input,
  });
  return (answer as { readonly xml: string }).xml;
}

export async function listParts(objects: TestObjects, upload: Named, input: object): Promise<string> {
  const answer: unknown = await objects.api.ListParts(objects.call(), { ...upload, ...input });
  return (answer as { readonly xml: string }).xml;
}

export function all(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, value = ""]) => value);
}

export function text(xml: string, name: string): string | undefined {
  return all(xml, name)[0];
}

export function customerKey(seed: number) {
  const key = Buffer.alloc(32, seed);
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
}

export function etagOf(parts: readonly Uint8Array[]): string {
  const md5s = parts.map((part) => createHash("md5").update(part).digest());
  return `${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-${parts.length}`;
}

export function md5(content: string): string {
  return createHash("md5").update(content).digest("hex");
}

export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("base64");
}

export function base64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
