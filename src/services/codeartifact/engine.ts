/**
 * The one package engine behind the CodeArtifact API and the native doors. Every function checks permission, follows
 * the repository graph and its origin controls, and throws the CodeArtifact exceptions (errors.ts: AwsError with
 * ResourceNotFoundException, ConflictException, ValidationException, AccessDeniedException, ...), PackageInvalid, or
 * UpstreamUnavailable; doors turn those into their client's own error shape.
 */
import type { Readable } from "node:stream";
import type { AccountId } from "../../aws/names.ts";
import type { Call } from "../../identity/call.ts";
import type { KmsKeyArn } from "../kms/index.ts";
import type { FormatName, Hashes, PackageName, ReceivedContent, VersionDescription } from "./format.ts";

/** What a native door reads from its address: `/-/codeartifact/<region>/<domain>-<owner>/<format>/<repository>/`. */
export interface RepositoryAddress {
  readonly domain: string;
  readonly owner: AccountId;
  readonly repository: string;
}

export type VersionStatus = "Published" | "Unfinished" | "Unlisted" | "Archived" | "Disposed";

export interface Packages {
  /** Throws ResourceNotFoundException, or AccessDeniedException naming `action` (`codeartifact:ReadFromRepository`). */
  openRepository(call: Call, address: RepositoryAddress, action: string): Promise<OpenRepository>;

  /**
   * A package as this repository shows it: its own versions, those of its upstreams and of external connections, merged
   * in graph order; Published and Unlisted ones (rendering hides the latter). Undefined when no one has it.
   */
  view(repository: OpenRepository, format: FormatName, name: PackageName): Promise<PackageView | undefined>;

  /**
   * A document about a package, rendered at most once per revision of package, graph and upstream, and kept compressed.
   * `representation` names it among the format's documents and must contain all that the text depends on beside the
   * view (base address, media type). Undefined when the package is not there.
   */
  rendered(
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    representation: string,
    render: (view: PackageView) => Promise<Rendering | undefined> | Rendering | undefined,
  ): Promise<RenderedDocument | undefined>;

  /**
   * One file, from the first place of the graph that has it; fetched from outside, checked and kept when nobody has.
   * The requesting repository retains it. Undefined when it is not there; throws what forbids it (origin controls,
   * archived). `version` undefined: any version that has a file of this name (PyPI).
   */
  openAsset(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    version: string | undefined,
    asset: string,
  ): Promise<OpenAsset | undefined>;

  /**
   * Takes one file of a version. The same name and bytes again succeed; other bytes are a ConflictException; so is a
   * version that an upstream has while upstream versions are allowed. Checks `codeartifact:PublishPackageVersion`.
   */
  publish(call: Call, repository: OpenRepository, publication: Publication): Promise<PublishedVersion>;

  /** Statuses, dist-tags and deletion as native clients ask for them; the API's operations run the same code. */
  setStatus(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    versions: readonly string[],
    status: VersionStatus,
  ): Promise<void>;
  deleteVersions(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    versions: readonly string[],
  ): Promise<void>;
  /** `version` undefined removes the tag. */
  setTag(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    tag: string,
    version: string | undefined,
  ): Promise<void>;
  /** Changes what is kept of versions of this repository without new files (npm deprecate, PyPI yank): gives each a new revision. */
  redescribe(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    change: (
      version: string,
      description: VersionDescription,
      assets: readonly AssetView[],
    ) => Redescription | undefined,
  ): Promise<void>;

  /** One version as it is kept in this repository itself, whatever its status; undefined when it is not. */
  storedVersion(
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    version: string,
  ): Promise<StoredVersion | undefined>;
  /**
   * Renames versions of this repository and changes their status, in one transaction in which `plan` sees those it is
   * about: the ones named, or all that are Unfinished (Maven: the metadata of a package ends what is unfinished, that
   * of a snapshot puts a build in the place of the one before). Checks `codeartifact:PutPackageMetadata`; throws
   * ResourceNotFoundException when the repository itself has no such package.
   */
  arrange(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    among: readonly string[] | "unfinished",
    plan: (versions: readonly StoredVersion[]) => readonly Arrangement[],
  ): Promise<void>;

  /** Documents beside versions (attestations, provenance); undefined content removes. Read from the first place of the graph. */
  getDocument(
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    document: string,
  ): Promise<Uint8Array | undefined>;
  putDocument(
    call: Call,
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
    document: string,
    content: Uint8Array | undefined,
  ): Promise<void>;

  /** Packages stored in this repository and its upstreams (not those that are only outside), by name, for search and root indexes. */
  listPackages(
    repository: OpenRepository,
    format: FormatName,
    options: { readonly after?: PackageName; readonly contains?: string; readonly limit: number },
  ): Promise<readonly PackageName[]>;
}

/** A repository that was found and that the caller may use. */
export interface OpenRepository {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly domain: string;
  readonly owner: AccountId;
  readonly region: string;
  /** What the domain's files are encrypted under; undefined for the server's own key. */
  readonly encryptionKey: KmsKeyArn | undefined;
}

export interface PackageView {
  readonly name: PackageName;
  /** Order: graph order, then as published; formats sort as they need. */
  readonly versions: readonly VersionView[];
  readonly tags: Readonly<Record<string, string>>;
  /** Of the package, from its upstream; {} when it is only here. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Whether an upstream did not answer and older knowledge was used. */
  readonly stale: boolean;
}

export interface VersionView {
  readonly version: string;
  readonly status: "Published" | "Unlisted";
  readonly publishedAt: number;
  readonly revision: string;
  readonly origin: "INTERNAL" | "EXTERNAL";
  readonly description: VersionDescription;
  readonly assets: readonly AssetView[];
}

export interface AssetView {
  readonly name: string;
  readonly size: number | undefined;
  /** All four for files stored here; what the upstream says for others. */
  readonly hashes: Partial<Hashes>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stored: boolean;
}

export interface Rendering {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Ready to be written: the door sends `gzip` or `identity` by Accept-Encoding, and answers If-None-Match by `etag`. */
export interface RenderedDocument {
  readonly contentType: string;
  /** Quoted, strong. */
  readonly etag: string;
  readonly gzip: Uint8Array;
  /** Bytes of the text before compression. */
  readonly size: number;
  identity(): Uint8Array;
  readonly stale: boolean;
}

export interface OpenAsset {
  readonly name: string;
  readonly version: string;
  readonly revision: string;
  /** Undefined while it is still coming from the upstream and that has not said. */
  readonly size: number | undefined;
  /** Undefined while it is still coming. */
  readonly hashes: Hashes | undefined;
  /** To be called at most once. A range is possible only when `hashes` are known. */
  open(range?: { readonly start: number; readonly end: number }): Promise<Readable>;
}

export interface Publication {
  readonly format: FormatName;
  readonly name: PackageName;
  readonly version: string;
  readonly asset: string;
  readonly body: Readable;
  /** What the client says it hashes to; ValidationException when it does not. */
  readonly expected?: Partial<Hashes>;
  /** In bytes; 5 GB without it. */
  readonly maxSize?: number;
  /**
   * Reads the package before anything is committed; throws PackageInvalid. What it returns becomes the version's
   * description; undefined keeps the one that is there, or gives a new version an empty one (Maven's other files,
   * which arrive beside the POM).
   */
  describe(
    content: ReceivedContent,
    before: VersionDescription | undefined,
  ): Promise<VersionDescription | undefined>;
  readonly assetMetadata?: (content: ReceivedContent) => Promise<Readonly<Record<string, unknown>>>;
  /** Of a version that is new; one that is there keeps its status, unless "Published" ends an Unfinished one. */
  readonly status: "Published" | "Unfinished";
  readonly tags?: readonly string[];
  /** Stored in the same transaction (npm provenance). */
  readonly documents?: ReadonlyMap<string, Uint8Array>;
  /** Replaces a file of the same name (Maven's snapshots and metadata). */
  readonly overwrite?: boolean;
}

export interface PublishedVersion {
  readonly version: string;
  readonly status: VersionStatus;
  readonly revision: string;
  readonly asset: AssetView;
  /** False when the same file was there already. */
  readonly isNew: boolean;
}

export interface StoredVersion {
  readonly version: string;
  readonly status: VersionStatus;
  readonly assets: readonly AssetView[];
}

export interface Arrangement {
  /** As it is called before. */
  readonly version: string;
  /** Its new name, which is free once all arrangements are made. */
  readonly becomes?: string;
  readonly status?: "Published" | "Unlisted";
}

export interface Redescription {
  readonly description?: VersionDescription;
  /** By file name: metadata that replaces the file's. */
  readonly assetMetadata?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Revised readme etc. come in `description`. */
  readonly status?: "Published" | "Unlisted" | "Archived";
}
