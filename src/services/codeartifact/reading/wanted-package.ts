import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository } from "../engine.ts";
import type { FormatName, PackageName } from "../format.ts";

/** What a client asks for: a package in a repository that it may read. */
export interface WantedPackage {
  readonly repository: OpenRepository;
  readonly format: FormatName;
  /** Normalized. */
  readonly name: PackageName;
}

/** What a view was made from: it is true while both numbers stand. */
export interface Revisions {
  readonly graph: number;
  /** Null while nobody has stored anything of the package. */
  readonly package: number | null;
}

export function readRevisions(
  { queries, metadata }: CodeArtifactContext,
  { repository, format, name: { namespace, name } }: WantedPackage,
): Promise<Revisions | undefined> {
  return queries.revisions(metadata.reader, { domainId: repository.domainId, format, namespace, name });
}
