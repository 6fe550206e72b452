import type { ServiceModel } from "../../aws/wire.ts";

/**
 * The `tagging` of a form is a document where a header has a query string (S3 API reference, "POST Object"). Throws
 * MalformedXML.
 */
export async function taggingHeader(model: ServiceModel, document: string): Promise<string> {
  const operation = model.operations.get("PutObjectTagging");
  if (!operation) throw new TypeError("S3 has no PutObjectTagging");
  const input = (await model.parse(operation, {
    method: "PUT",
    target: "/key?tagging",
    headers: {},
    body: Buffer.from(document),
    bucket: "bucket",
  })) as { readonly Tagging?: { readonly TagSet?: readonly Tag[] } };
  const tags = input.Tagging?.TagSet ?? [];
  return tags
    .map(({ Key = "", Value = "" }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`)
    .join("&");
}

interface Tag {
  readonly Key?: string;
  readonly Value?: string;
}
