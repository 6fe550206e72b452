/**
 * A browser's form on its way in: fields into memory within S3's bounds, the file as a stream. S3 reads a form in its
 * order: what stands after the file is ignored (S3 API reference, "POST Object").
 */
import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream } from "@fastify/busboy";
import { AwsError } from "../../aws/errors.ts";
import { invalidArgument } from "./errors.ts";

export interface PostForm {
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly file: Readable;
  /** As the client calls it, without folders. */
  readonly fileName: string;
}

/** S3 API reference, "POST Object": all that stands before the file. */
const LARGEST_FIELDS = 20_480;
const LIMITS = {
  fieldNameSize: 1024,
  fieldSize: LARGEST_FIELDS,
  fields: 1_000,
  headerPairs: 20,
  headerSize: 16_384,
};

/** Hands the form to `use` when its file begins, and returns what that returns. Throws AwsError. */
export async function readPostForm<Result>(
  body: Readable,
  contentType: string,
  use: (form: PostForm) => Promise<Result>,
): Promise<Result> {
  const parser = createParser(contentType);
  const fields = new Map<string, string>();
  let size = 0;
  let file: BusboyFileStream | undefined;
  let failure: Error | undefined;
  const result = new Promise<Result>((resolve, reject) => {
    // What follows in the same piece of the body is still parsed: none of it counts any more. A file that is here
    // whole counts, whatever stands after it; one that is not makes its reader fail.
    const fail = (error: Error): void => {
      failure ??= error;
      if (file === undefined) reject(error);
      else file.destroy(error);
    };
    parser.on("field", (name, value, nameTruncated, valueTruncated) => {
      if (file !== undefined || failure !== undefined) return;
      size += name.length + value.length;
      if (nameTruncated || valueTruncated || size > LARGEST_FIELDS) return fail(fieldsTooLarge());
      const key = name.toLowerCase();
      if (!fields.has(key)) fields.set(key, value);
    });
    parser.on("file", (_name, stream, fileName: string | undefined) => {
      // A form that is cut off is told by the stream's error to whoever reads it.
      stream.on("error", () => undefined);
      if (file !== undefined || failure !== undefined) {
        stream.resume();
        return;
      }
      file = stream;
      use({ fields, file: stream, fileName: baseName(fileName ?? "") }).then(resolve, (error: unknown) =>
        reject(failure ?? error),
      );
    });
    parser.on("fieldsLimit", () => fail(fieldsTooLarge()));
    parser.on("finish", () => {
      if (file === undefined)
        fail(invalidArgument("POST requires exactly one file upload per request.", "file", "0"));
    });
    parser.on("error", () => fail(malformed()));
    body.once("error", fail);
  });
  body.pipe(parser);
  try {
    return await result;
  } finally {
    body.unpipe(parser);
    parser.on("error", () => undefined);
    parser.destroy();
  }
}

function createParser(contentType: string): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: LIMITS,
      preservePath: true,
      // Some clients give every field a file's name; S3 goes by the field's.
      isPartAFile: (name) => name?.toLowerCase() === "file",
    });
  } catch {
    throw malformed();
  }
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function fieldsTooLarge(): AwsError {
  return new AwsError(
    "MaxPostPreDataLengthExceeded",
    "Your POST request fields preceding the upload file were too large.",
  );
}

function malformed(): AwsError {
  return new AwsError(
    "MalformedPOSTRequest",
    "The body of your POST request is not well-formed multipart/form-data.",
  );
}
