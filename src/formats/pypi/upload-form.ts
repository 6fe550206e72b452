/**
 * The multipart form of an upload ("Upload API (legacy)"), read as it comes: fields into memory within bounds, the one
 * file as a stream. The order of the parts does not matter to whoever waits for `complete` before using the fields.
 */
import type { Readable } from "node:stream";
import { Busboy } from "@fastify/busboy";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { BodyHold } from "../packages/body.ts";

export interface UploadForm {
  readonly fileName: string;
  readonly file: Readable;
  /** Those before the file at first; all of them once `complete` has resolved. First values only, but for lists. */
  readonly fields: ReadonlyMap<string, string>;
  /** Rejects for a form that is broken, or larger than is taken. Rejections need not be handled. */
  readonly complete: Promise<void>;
}

/** The description of a package is a field, and may be as long as the package's metadata. */
const LONGEST_FIELD = 4 * 1024 * 1024;
const LONGEST_FIELDS = 16 * 1024 * 1024;
const LIMITS = {
  fieldNameSize: 200,
  fieldSize: LONGEST_FIELD,
  fields: 20_000,
  files: 4,
  headerPairs: 50,
  headerSize: 16_384,
};

/**
 * Hands the file to `use` as soon as it comes, and returns what that returns. Throws PackageInvalid for what is no such
 * form. A signature (`gpg_signature`) is read away: nobody checks those any more.
 */
export async function readUploadForm<Result>(
  body: Readable,
  contentType: string | undefined,
  use: (form: UploadForm) => Promise<Result>,
): Promise<Result> {
  const parser = createParser(contentType);
  const fields = new Map<string, string>();
  const hold = new BodyHold();
  let size = 0;
  let file: Readable | undefined;
  let running: Promise<Result> | undefined;
  let fail: (error: Error) => void = () => undefined;
  const complete = new Promise<void>((resolve, reject) => {
    fail = reject;
    parser.on("finish", resolve);
  });
  const broken = (reason: string) => fail(new PackageInvalid(reason));
  parser.on("field", (name, value, nameTruncated, valueTruncated) => {
    size += name.length + value.length;
    if (nameTruncated || valueTruncated || size > LONGEST_FIELDS) broken("the form's fields are too large");
    else if (!fields.has(name)) {
      fields.set(name, value);
      try {
        hold.add(name.length + value.length);
      } catch (error) {
        fail(error as Error);
      }
    }
  });
  parser.on("file", (name, stream, fileName) => {
    stream.on("error", () => broken("the form was cut off"));
    if (name !== "content" || running !== undefined) {
      if (name === "content") broken("the form has more than one file");
      stream.resume();
      return;
    }
    file = stream;
    running = use({ fileName, file: stream, fields, complete });
    running.catch(fail);
  });
  parser.on("fieldsLimit", () => broken("the form has too many fields"));
  parser.on("filesLimit", () => broken("the form has too many files"));
  parser.on("error", () => broken("the form is no multipart/form-data, or was cut off"));
  body.once("error", (error) => fail(error));
  body.pipe(parser);
  try {
    await complete;
    if (running === undefined) throw new PackageInvalid("the form has no file `content`");
    return await running;
  } catch (error) {
    file?.destroy(error instanceof Error ? error : undefined);
    // Nothing of it goes on once the client is answered. Its own failure, if it came first, is this error.
    await running?.catch(() => undefined);
    throw error;
  } finally {
    hold.release();
    body.unpipe(parser);
    parser.on("error", () => undefined);
    parser.destroy();
  }
}

function createParser(contentType: string | undefined): InstanceType<typeof Busboy> {
  const refused = new PackageInvalid("an upload is a form of the type multipart/form-data");
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType)) throw refused;
  try {
    // The path that a client writes before the name is kept, for it to be refused.
    return new Busboy({ headers: { "content-type": contentType }, limits: LIMITS, preservePath: true });
  } catch {
    throw refused;
  }
}
