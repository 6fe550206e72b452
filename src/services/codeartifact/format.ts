/**
 * What the engine has to know of a package format, and nothing of its HTTP: each folder of src/formats exports one
 * `PackageFormat`, compose.ts registers them. All of it is pure, but for documents it asks the upstream for.
 */
export type FormatName = "npm" | "pypi" | "maven" | "nuget" | "generic";

/** Normalized by the format; namespace is "" where there is none. */
export interface PackageName {
  readonly namespace: string;
  readonly name: string;
}

/** What is kept of one version, as JSON in its row. */
export interface VersionDescription {
  /** The format's own: npm's version manifest, PyPI's core metadata, NuGet's nuspec fields. Rendered from again and again. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly displayName?: string;
  readonly summary?: string;
  readonly homePage?: string;
  readonly sourceCodeRepository?: string;
  readonly licenses: readonly string[];
  readonly dependencies: readonly PackageDependency[];
  /** Put into a row of its own, not into the description. */
  readonly readme?: string;
}

export interface PackageDependency {
  readonly namespace?: string;
  readonly package: string;
  /** ListPackageVersionDependencies: npm regular, dev, peer, optional; Maven compile, runtime, ...; PyPI Requires-Dist. */
  readonly dependencyType?: string;
  readonly versionRequirement?: string;
}

export type HashName = "md5" | "sha1" | "sha256" | "sha512";

/** Lower-case hex. */
export type Hashes = Readonly<Record<HashName, string>>;

export interface PackageFormat {
  readonly name: FormatName;
  /** Throw PackageInvalid. What the AWS API and native clients name is brought into the stored form here. */
  normalizeName(name: PackageName): PackageName;
  normalizeVersion(version: string): string;
  /**
   * Whether versions of outside origin may gain files after they were first fetched (PyPI, Maven): their stored files
   * and the upstream's are then shown together. npm and NuGet versions are one file for ever.
   */
  readonly assetsGrow: boolean;
  /** Absent for formats that have no public upstream. */
  readonly upstream?: UpstreamProtocol;
}

export interface UpstreamProtocol {
  /** All versions the upstream has of a package; undefined when it has no such package. */
  list(source: UpstreamSource, name: PackageName): Promise<UpstreamListing | undefined>;
  /**
   * Where one file is, for files the listing does not name (all of Maven's): undefined when the upstream cannot have it.
   * Formats whose listings name every file leave it out.
   */
  locate?(
    source: UpstreamSource,
    name: PackageName,
    version: string,
    asset: string,
  ): Promise<UpstreamAsset | undefined>;
  /**
   * A document beside versions that `Packages.getDocument` is asked for and that no repository before this connection
   * has (PyPI: `core-metadata/<file>`, `provenance/<file>`); undefined when the upstream has none. It is passed through,
   * nothing is kept in the repository.
   */
  document?(source: UpstreamSource, name: PackageName, document: string): Promise<Uint8Array | undefined>;
  /**
   * What to keep of a version whose file was just fetched whole and matched. `content` allows random access.
   * Absent: the listing's own description is kept. Undefined: this file says nothing, what is there stays.
   */
  describe?(
    content: ReceivedContent,
    asset: UpstreamAsset,
    version: UpstreamVersion | undefined,
  ): Promise<VersionDescription | undefined>;
}

/** An external connection as a format sees it: a base address and documents under it, cached and revalidated for it. */
export interface UpstreamSource {
  /** `public:npmjs` */
  readonly connection: string;
  /** Ends in a slash. */
  readonly baseUrl: string;
  /** Undefined when the upstream says it is not there (404, 410); throws UpstreamUnavailable when nothing is known. */
  document(url: string, accept?: string): Promise<UpstreamDocument | undefined>;
  /**
   * Some bytes of a file, uncached: from `start` to `end` (inclusive), or the last ones, at most 16 MiB. `size` is the
   * whole file's. Undefined when the upstream has no such file or answers no ranges.
   */
  part?(
    url: string,
    range: { readonly start: number; readonly end: number } | { readonly last: number },
  ): Promise<{ readonly bytes: Uint8Array; readonly start: number; readonly size: number } | undefined>;
}

export interface UpstreamDocument {
  /** Decoded (no Content-Encoding left). */
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** The address after redirects, for relative links in it. */
  readonly url: string;
  /** Changes with the content. */
  readonly revision: string;
}

export interface UpstreamListing {
  /** In the upstream's order. */
  readonly versions: readonly UpstreamVersion[];
  /** npm's dist-tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Of the package as a whole (npm: readme, maintainers; PyPI: project status). */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface UpstreamVersion {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number | undefined;
  readonly unlisted?: boolean;
  readonly description: VersionDescription;
  readonly assets: readonly UpstreamAsset[];
}

export interface UpstreamAsset {
  readonly name: string;
  readonly url: string;
  readonly size?: number;
  /** What the bytes must hash to; every one given is checked, and nothing is stored that fails. */
  readonly integrity: Partial<Hashes>;
  /** The same where the upstream keeps them in files of their own (Maven): asked for while the file comes. */
  furtherIntegrity?(): Promise<Partial<Hashes>>;
  /** Kept with the file (PyPI: requires-python, yanked). */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Bytes that have arrived whole and are hashed, before anything is committed. */
export interface ReceivedContent {
  readonly size: number;
  readonly hashes: Hashes;
  /** Inclusive byte range; all without one. */
  open(range?: { readonly start: number; readonly end: number }): Promise<import("node:stream").Readable>;
}

/** The package (or its name, or its version) is not acceptable; the message is for the person who published it. */
export class PackageInvalid extends Error {
  override readonly name = "PackageInvalid";
}
