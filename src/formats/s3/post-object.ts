/**
 * Uploads by a browser's form (S3 API reference, "POST Object"). Its fields are the headers of a PutObject, so that is
 * what becomes of them: read by the same model, decided by the same engine.
 */

import type { IncomingMessage } from "node:http";
import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import { AwsError } from "../../aws/errors.ts";
import { escapeXml } from "../../aws/protocols/xml-text.ts";
import type { OperationHandler } from "../../aws/service.ts";
import type { ServiceModel, WireAnswer, WireRequest } from "../../aws/wire.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Arrival } from "../../server/door.ts";
import { bucketOfHost } from "../../server/s3-requests.ts";
import type { S3, S3Call } from "../../services/s3/index.ts";
import { hasControl } from "../../services/s3/index.ts";
import { withBody } from "../request-body.ts";
import { readAnnouncedChecksum } from "./announced-checksum.ts";
import { callOf } from "./call.ts";
import { invalidArgument } from "./errors.ts";
import { checkInput } from "./input-limits.ts";
import { identifyForm, missingField } from "./post-caller.ts";
import { type PostForm, readPostForm } from "./post-form.ts";
import { checkPolicy, type LengthRange } from "./post-policy.ts";
import { taggingHeader } from "./post-tagging.ts";

export interface PostParts {
  readonly model: ServiceModel;
  readonly s3: Pick<S3, "operations" | "regionOf">;
  readonly identity: Pick<Identity, "authenticateV2" | "signerOf">;
}

/** Throws AwsError, SignatureProblem. */
export function postObject(
  parts: PostParts,
  request: IncomingMessage,
  arrival: Arrival,
  bucket: string,
): Promise<WireAnswer> {
  return withBody(request, (body) =>
    readPostForm(body, request.headers["content-type"] ?? "", (form) =>
      store(parts, request, arrival, bucket, form),
    ),
  );
}

async function store(
  { model, s3, identity }: PostParts,
  request: IncomingMessage,
  arrival: Arrival,
  bucket: string,
  form: PostForm,
): Promise<WireAnswer> {
  const caller = await identifyForm(form.fields, identity, arrival.host.region);
  if (caller.principal.kind !== "anonymous") arrival.note({ account: caller.principal.account });
  const operation = model.operations.get("PutObject");
  const handler = s3.operations.PutObject as OperationHandler<S3Call> | undefined;
  if (!operation || !handler) throw new TypeError("S3 has no PutObject");
  const rawKey = form.fields.get("key");
  if (rawKey === undefined) throw missingField("key");
  const key = rawKey.replace(/\$\{filename\}/g, () => form.fileName);
  if (key === "") throw invalidArgument("User key must have a length greater than 0.", "key", "");
  const fields = new Map([...form.fields, ["key", key], ["bucket", bucket]]);
  const policy = fields.get("policy");
  const range =
    policy === undefined ? undefined : checkPolicy(policy, { fields, rawKey }, arrival.receivedAt);

  const headers = await headersOf(fields, model);
  const head = putRequest(bucket, key, headers);
  const header = (name: string): string | undefined =>
    headers[name] ?? (OF_THE_REQUEST.has(name) ? headerText(request.headers[name]) : undefined);
  const input: object = await model.parse(operation, head);
  Reflect.deleteProperty(input, "Body");
  checkInput(input, headers);
  const call = await callOf(s3, caller, arrival, { header }, input);
  const { md5, algorithm, value } = readAnnouncedChecksum(header);
  const body = {
    stream: within(form.file, range),
    length: undefined,
    md5,
    algorithm,
    checksum: () => value,
  };
  const output = await handler({ ...call, body }, input as never);
  return successAnswer(model.answer(operation, output, arrival.requestId), fields, {
    bucket,
    key,
    location: `${arrival.baseUrl}${bucketOfHost(arrival.host) === undefined ? `/${bucket}` : ""}/${encodeKey(key)}`,
  });
}

/** What conditions of policies ask for, beside the form. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set(["referer", "user-agent"]);

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

/** Fields that are headers of the object by their own name; `x-amz-*` ones are too, but for the signature's. */
const HEADER_FIELDS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-md5",
  "content-type",
  "expires",
]);
const OF_THE_SIGNATURE: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-signature",
]);

/** RFC 9110 section 5.6.2: a token. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

async function headersOf(
  fields: ReadonlyMap<string, string>,
  model: ServiceModel,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) {
    const isHeader = HEADER_FIELDS.has(name) || (name.startsWith("x-amz-") && !OF_THE_SIGNATURE.has(name));
    if (!isHeader) continue;
    // It could never be answered as a header again.
    if (!HEADER_NAME.test(name)) throw invalidArgument("Header name is not valid.", "name", name);
    if (hasControl(value))
      throw invalidArgument("Header value must not contain control characters.", name, "");
    headers[name] = value;
  }
  const acl = fields.get("acl");
  if (acl !== undefined) headers["x-amz-acl"] = acl;
  const tagging = fields.get("tagging");
  if (tagging !== undefined) headers["x-amz-tagging"] = await taggingHeader(model, tagging);
  return headers;
}

function putRequest(bucket: string, key: string, headers: Readonly<Record<string, string>>): WireRequest {
  return { method: "PUT", target: `/${encodeKey(key)}`, headers, body: new Uint8Array(0), bucket };
}

function encodeKey(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

/** The file, failing before its end where the policy does not allow its size. */
function within(file: Readable, range: LengthRange | undefined): Readable {
  const check = new LengthCheck(range ?? { smallest: 0, largest: Number.MAX_SAFE_INTEGER });
  // What fails is told to whoever reads.
  pipeline(file, check, () => undefined);
  return check;
}

class LengthCheck extends Transform {
  readonly #range: LengthRange;
  #size = 0;

  constructor(range: LengthRange) {
    super();
    this.#range = range;
    this.on("error", () => undefined);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#size += chunk.length;
    if (this.#size > this.#range.largest) done(tooLarge(this.#size, this.#range.largest));
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    done(this.#size < this.#range.smallest ? tooSmall(this.#size, this.#range.smallest) : null);
  }
}

function tooLarge(size: number, largest: number): AwsError {
  return new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
    members: { ProposedSize: size, MaxSizeAllowed: largest },
  });
}

function tooSmall(size: number, smallest: number): AwsError {
  return new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
    members: { ProposedSize: size, MinSizeAllowed: smallest },
  });
}

interface Stored {
  readonly bucket: string;
  readonly key: string;
  readonly location: string;
}

/** As the form asks for it: a redirect where it names a good address, else 200, 201 with a document, or 204. */
function successAnswer(put: WireAnswer, fields: ReadonlyMap<string, string>, stored: Stored): WireAnswer {
  const etag = put.headers["etag"] ?? "";
  const { "content-type": _type, ...headers } = put.headers;
  const redirect = redirectTo(fields.get("success_action_redirect") ?? fields.get("redirect"), stored, etag);
  if (redirect !== undefined)
    return { status: 303, headers: { ...headers, location: redirect }, body: undefined };
  const answer = { headers: { ...headers, location: stored.location }, body: undefined };
  switch (fields.get("success_action_status")) {
    case "200":
      return { ...answer, status: 200 };
    case "201":
      return {
        status: 201,
        headers: { ...answer.headers, "content-type": "application/xml" },
        body: postResponse(stored, etag),
      };
    default:
      return { ...answer, status: 204 };
  }
}

function redirectTo(address: string | undefined, { bucket, key }: Stored, etag: string): string | undefined {
  if (address === undefined || !/^https?:\/\//i.test(address) || hasControl(address)) return undefined;
  try {
    const url = new URL(address);
    url.searchParams.set("bucket", bucket);
    url.searchParams.set("key", key);
    url.searchParams.set("etag", etag);
    return url.href;
  } catch {
    return undefined;
  }
}

function postResponse({ bucket, key, location }: Stored, etag: string): string {
  const members = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  const elements = Object.entries(members).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${elements.join("")}</PostResponse>`;
}
