/** PUT of a package: a document with a package attached publishes it, one without changes what is said of versions. */
import { Readable } from "node:stream";
import { AwsError } from "../../aws/errors.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { BodyHold } from "../packages/body.ts";
import { badRequest, PackageError } from "../packages/errors.ts";
import { type PackageExchange, sendJson } from "../packages/exchange.ts";
import { contentLength, withBody } from "../request-body.ts";
import { redescribeVersions } from "./change-packument.ts";
import { ASSET, fullName, versionOfTarball } from "./names.ts";
import { checkPublication } from "./publication.ts";
import { PublishDocument } from "./publish-document.ts";
import { readTarball } from "./tarball.ts";
import { attestationsDocument } from "./upstream.ts";

/** CodeArtifact user guide, "npm": 2 GB for the whole request. */
const LARGEST_REQUEST = 2 * 1024 ** 3;
/** What of it can be a package, in base64. */
const LARGEST_PACKAGE = (LARGEST_REQUEST / 4) * 3;

export async function putPackage(exchange: PackageExchange, name: PackageName): Promise<void> {
  const { request } = exchange;
  if ((contentLength(request) ?? 0) > LARGEST_REQUEST)
    throw new PackageError(413, "RequestTooLarge", `A package to publish may have ${LARGEST_REQUEST} bytes.`);
  await checkMayWrite(exchange);
  const hold = new BodyHold();
  try {
    await withBody(request, async (body) => {
      const document = new PublishDocument(body, hold);
      if (await document.untilTarball()) await publishAttached(exchange, name, document);
      else await redescribeVersions(exchange, name, await document.rest());
    });
  } finally {
    hold.release();
  }
  sendJson(exchange, 201, { ok: true, success: true });
}

/** Whether it publishes or redescribes is seen when it comes: who may neither is refused before. */
async function checkMayWrite({ packages, call, address }: PackageExchange): Promise<void> {
  try {
    await packages.openRepository(call, address, "codeartifact:PublishPackageVersion");
  } catch (error) {
    if (!(error instanceof AwsError) || error.name !== "AccessDeniedException") throw error;
    await packages.openRepository(call, address, "codeartifact:ReadFromRepository");
  }
}

async function publishAttached(
  { packages, call, address }: PackageExchange,
  name: PackageName,
  document: PublishDocument,
): Promise<void> {
  const file = document.tarballName ?? "";
  const version = versionOfTarball(name, file);
  if (version === undefined)
    throw badRequest(
      `The attached file ${JSON.stringify(file.slice(0, 200))} is not called ${fullName(name)}-<version>.tgz.`,
    );
  const repository = await packages.openRepository(call, address, "codeartifact:PublishPackageVersion");
  const tags: string[] = [];
  const documents = new Map<string, Uint8Array>();
  let broken: PackageError | undefined;
  /** Whoever stores the bytes only says that they broke off: this keeps the reason. */
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      yield* document.tarball();
    } catch (error) {
      if (error instanceof PackageError) broken = error;
      throw error;
    }
  }
  try {
    await packages.publish(call, repository, {
      format: "npm",
      name,
      version,
      asset: ASSET,
      body: Readable.from(bytes(), { objectMode: false }),
      maxSize: LARGEST_PACKAGE,
      status: "Published",
      // What the document says after the package is known when the package has been read.
      tags,
      documents,
      async describe(content) {
        const tarball = await readTarball(content);
        const checked = checkPublication(await document.rest(), name, version, content, tarball);
        tags.splice(0, tags.length, ...checked.tags);
        if (checked.provenance) documents.set(attestationsDocument(version), checked.provenance.document);
        return checked.description;
      },
    });
  } catch (error) {
    if (broken) throw broken;
    if (error instanceof AwsError && error.name === "ConflictException")
      throw new PackageError(
        409,
        error.name,
        `You cannot publish over the existing version ${fullName(name)}@${version}: ${error.message}.`,
        {},
        { cause: error },
      );
    throw error;
  }
}
