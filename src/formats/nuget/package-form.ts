/** The body of a push: a multipart form ("Push and Delete" of the NuGet Server API) whose first file is the package. */
import type { Readable } from "node:stream";
import { Busboy } from "@fastify/busboy";
import { PackageInvalid } from "../../services/codeartifact/format.ts";

const LIMITS = {
  files: 2,
  fields: 20,
  fieldSize: 4096,
  fieldNameSize: 200,
  headerPairs: 50,
  headerSize: 16_384,
};

/**
 * Hands the package to `use` as it comes, with the promise that the whole form has come: whoever keeps something waits
 * for that first. Throws PackageInvalid for what is no such form.
 */
export async function readPackageForm<Result>(
  body: Readable,
  contentType: string | undefined,
  use: (file: Readable, complete: Promise<void>) => Promise<Result>,
): Promise<Result> {
  const parser = createParser(contentType);
  let file: Readable | undefined;
  let running: Promise<Result> | undefined;
  let fail: (error: Error) => void = () => undefined;
  const complete = new Promise<void>((resolve, reject) => {
    fail = reject;
    parser.on("finish", resolve);
  });
  const broken = (reason: string) => fail(new PackageInvalid(reason));
  parser.on("file", (_name, stream) => {
    stream.on("error", () => broken("the form was cut off"));
    if (running !== undefined) {
      broken("the form has more than one file");
      stream.resume();
      return;
    }
    file = stream;
    running = use(stream, complete);
    running.catch(fail);
  });
  parser.on("filesLimit", () => broken("the form has more than one file"));
  parser.on("fieldsLimit", () => broken("the form has too many fields"));
  parser.on("error", () => broken("the form is no multipart/form-data, or was cut off"));
  body.once("error", (error) => fail(error));
  body.pipe(parser);
  try {
    await complete;
    if (running === undefined) throw new PackageInvalid("the form has no file");
    return await running;
  } catch (error) {
    file?.destroy(error instanceof Error ? error : undefined);
    // Nothing of it goes on once the client is answered. Its own failure, if it came first, is this error.
    await running?.catch(() => undefined);
    throw error;
  } finally {
    body.unpipe(parser);
    parser.on("error", () => undefined);
    parser.destroy();
  }
}

function createParser(contentType: string | undefined): InstanceType<typeof Busboy> {
  const refused = new PackageInvalid("a package is pushed as a form of the type multipart/form-data");
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType)) throw refused;
  try {
    return new Busboy({ headers: { "content-type": contentType }, limits: LIMITS });
  } catch {
    throw refused;
  }
}
