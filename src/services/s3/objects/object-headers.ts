/** Content headers and user metadata: what comes with an object and goes out with it unchanged. */

import { AwsError } from "../../../aws/errors.ts";
import { invalidArgument } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import { hasControl } from "../header-characters.ts";
import type { ObjectDescription } from "./version.ts";

export interface HeaderInput {
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
}

type Described = Pick<ObjectDescription, "headers" | "metadata" | "websiteRedirectLocation">;

/** In bytes: names without the prefix and values together (user guide, "Working with object metadata"). */
const MOST_METADATA = 2_048;

/** Throws MetadataTooLarge, InvalidArgument. */
export function describeHeaders(call: S3Call, input: HeaderInput): Described {
  const headers: Record<string, string> = { "Content-Type": "binary/octet-stream" };
  const set = (name: string, value: string | undefined) => {
    if (value === undefined || value === "") return;
    checkHeaderText(name, value);
    headers[name] = value;
  };
  set("Content-Type", input.ContentType);
  set("Cache-Control", input.CacheControl);
  set("Content-Disposition", input.ContentDisposition);
  set("Content-Encoding", withoutFraming(input.ContentEncoding));
  set("Content-Language", input.ContentLanguage);
  // As it was written, also when it is no date: that is how S3 keeps it.
  set("Expires", call.header("expires") ?? input.Expires?.toUTCString());
  const metadata = input.Metadata ?? {};
  let size = 0;
  for (const [name, value] of Object.entries(metadata))
    size += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (size > MOST_METADATA)
    throw new AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
      members: { Size: size, MaxSizeAllowed: MOST_METADATA },
    });
  const redirect = input.WebsiteRedirectLocation;
  if (redirect !== undefined) checkHeaderText("x-amz-website-redirect-location", redirect);
  if (redirect !== undefined && !/^(\/|https?:\/\/)/.test(redirect))
    throw invalidArgument(
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
      "x-amz-website-redirect-location",
      redirect,
    );
  return { headers, metadata, ...(redirect !== undefined && { websiteRedirectLocation: redirect }) };
}

/** Throws InvalidArgument for what no header can carry: forms and queries can say it. */
export function checkHeaderText(name: string, value: string): void {
  if (hasControl(value))
    throw invalidArgument("Header value cannot be represented using ISO-8859-1.", name.toLowerCase(), value);
}

/** `aws-chunked` says how the bytes travelled, not what they are. */
function withoutFraming(encoding: string | undefined): string | undefined {
  if (encoding === undefined || !/aws-chunked/i.test(encoding)) return encoding;
  return encoding
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one.toLowerCase() !== "aws-chunked")
    .join(", ");
}

export interface HeaderOutput {
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ContentType?: string | undefined;
  /** As it was written; the door makes the Expires header of it. */
  readonly ExpiresString?: string | undefined;
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly MissingMeta?: number | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
}

/** The members of GetObject's and HeadObject's answers. */
export function headerOutput(description: ObjectDescription): HeaderOutput {
  const { headers, metadata } = description;
  const entries = Object.entries(metadata);
  const printable = entries.filter(([, value]) => !hasControl(value));
  const missing = entries.length - printable.length;
  return {
    CacheControl: headers["Cache-Control"],
    ContentDisposition: headers["Content-Disposition"],
    ContentEncoding: headers["Content-Encoding"],
    ContentLanguage: headers["Content-Language"],
    ContentType: headers["Content-Type"],
    ExpiresString: headers["Expires"],
    Metadata: missing > 0 ? Object.fromEntries(printable) : metadata,
    MissingMeta: missing > 0 ? missing : undefined,
    WebsiteRedirectLocation: description.websiteRedirectLocation,
  };
}
