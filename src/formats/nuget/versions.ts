/** A package's versions as clients are shown them: in NuGet's order, with what their manifest says. */
import type { PackageView, VersionView } from "../../services/codeartifact/engine.ts";
import {
  compareVersions,
  formatVersion,
  isPrerelease,
  isSemVer2,
  type NuGetVersion,
  parseVersion,
  rangeNeedsSemVer2,
} from "./nuget-version.ts";
import type { NuGetMetadata } from "./nuspec.ts";

export interface ShownVersion {
  readonly view: VersionView;
  /** In stored form: as addresses name it. */
  readonly stored: string;
  /** With the author's letters and build metadata. */
  readonly written: string;
  readonly number: NuGetVersion;
  readonly metadata: NuGetMetadata;
  readonly isListed: boolean;
  readonly isPrerelease: boolean;
  readonly needsSemVer2: boolean;
}

/** All that clients may download, unlisted ones too, the lowest first. */
export function shownVersions(view: PackageView): readonly ShownVersion[] {
  const shown: ShownVersion[] = [];
  for (const version of view.versions) {
    const metadata = { ...EMPTY, ...(version.description.metadata as Partial<NuGetMetadata>) };
    const number = parseVersion(metadata.version ?? version.version) ?? parseVersion(version.version);
    if (number === undefined) continue;
    shown.push({
      view: version,
      stored: version.version,
      written: formatVersion(number) + (number.metadata === undefined ? "" : `+${number.metadata}`),
      number,
      metadata: {
        ...metadata,
        id: metadata.id ?? view.name.name,
        version: metadata.version ?? version.version,
      },
      isListed: version.status === "Published",
      isPrerelease: isPrerelease(number),
      needsSemVer2: isSemVer2(number) || hasSemVer2Dependency(metadata),
    });
  }
  return shown.sort((one, other) => compareVersions(one.number, other.number));
}

const EMPTY = { tags: [], packageTypes: [], dependencyGroups: [] };

function hasSemVer2Dependency({ dependencyGroups }: Pick<NuGetMetadata, "dependencyGroups">): boolean {
  return dependencyGroups.some(({ dependencies }) =>
    dependencies.some(({ range }) => rangeNeedsSemVer2(range)),
  );
}
