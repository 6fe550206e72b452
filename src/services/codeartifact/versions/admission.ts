/**
 * Whether a file may join a version (CodeArtifact user guide, "Publishing": the same bytes again succeed, other bytes are
 * a conflict; what is archived or disposed of keeps its number; quotas of files). Pure.
 */

import type { VersionStatus } from "../engine.ts";
import type { FormatName } from "../format.ts";

/** CodeArtifact's quotas. */
export const MOST_ASSETS = 150;
export const LARGEST_ASSET = 5 * 1024 ** 3;

/** Formats whose versions are complete once they are Published. Those of Maven, PyPI and NuGet may gain files. */
const CLOSED_WHEN_PUBLISHED: ReadonlySet<FormatName> = new Set(["npm", "generic"]);

export interface PresentVersion {
  readonly status: VersionStatus;
  /** Number of its files. */
  readonly assets: number;
  /** sha256 of its file of the same name, hex. */
  readonly same: string | undefined;
}

export interface IncomingAsset {
  readonly format: FormatName;
  /** Undefined while only its name is known. */
  readonly sha256: string | undefined;
  readonly overwrite: boolean;
}

export type Admission =
  | "new version"
  | "new asset"
  | "same asset"
  | "replaced asset"
  | "other content"
  | "version blocked"
  | "version complete"
  | "too many assets";

export function admit(version: PresentVersion | undefined, incoming: IncomingAsset): Admission {
  if (!version) return "new version";
  if (version.status === "Archived" || version.status === "Disposed") return "version blocked";
  if (version.same !== undefined) {
    // Without the bytes it is still possible that they are the same.
    if (incoming.sha256 === undefined || version.same === incoming.sha256) return "same asset";
    return incoming.overwrite ? "replaced asset" : "other content";
  }
  if (version.status !== "Unfinished" && CLOSED_WHEN_PUBLISHED.has(incoming.format))
    return "version complete";
  return version.assets >= MOST_ASSETS ? "too many assets" : "new asset";
}
