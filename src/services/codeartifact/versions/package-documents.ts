/** Documents about a package that belong to no version: attestations, provenance, `.meta` files. */
import type { Call } from "../../../identity/call.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import { type FormatName, PackageInvalid, type PackageName } from "../format.ts";
import { changePackage } from "./change-package.ts";

/** They lie in rows: signatures and small lists, no files. In bytes. */
const LARGEST_DOCUMENT = 16 * 1024 * 1024;

/** Undefined removes. Returns whether there were any. */
export async function putDocuments(
  tx: Transaction,
  packageId: string,
  documents: ReadonlyMap<string, Uint8Array | undefined>,
): Promise<boolean> {
  for (const [name, content] of documents) {
    if (content === undefined) {
      await tx
        .deleteFrom("codeartifact_package_documents")
        .where("package_id", "=", packageId)
        .where("name", "=", name)
        .execute();
      continue;
    }
    if (content.byteLength > LARGEST_DOCUMENT)
      throw new PackageInvalid(`The document ${name} is larger than ${LARGEST_DOCUMENT} bytes`);
    await tx
      .insertInto("codeartifact_package_documents")
      .values({ package_id: packageId, name, content })
      .onConflict((conflict) => conflict.columns(["package_id", "name"]).doUpdateSet({ content }))
      .execute();
  }
  return documents.size > 0;
}

export async function putDocument(
  context: CodeArtifactContext,
  call: Call,
  repository: OpenRepository,
  format: FormatName,
  name: PackageName,
  document: string,
  content: Uint8Array | undefined,
): Promise<void> {
  if (content) await context.blobs.checkRoom();
  const action = "codeartifact:PutPackageMetadata";
  await changePackage(context, call, { repository, format, name, action }, (tx, { row }) =>
    putDocuments(tx, row.id, new Map([[document, content]])),
  );
}
