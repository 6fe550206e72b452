/** The operations of the CodeArtifact API on packages and their versions. */
import type { CodeArtifactContext } from "../context.ts";
import type { CodeArtifactOperations } from "../operation-table.ts";
import type { Reading } from "../reading/reading.ts";
import { copyPackageVersions } from "./copy-versions.ts";
import {
  describePackageVersion,
  getPackageVersionReadme,
  listPackageVersionDependencies,
} from "./describe-versions.ts";
import { listPackageVersions } from "./list-versions.ts";
import { deletePackage, describePackage, listPackages, putPackageOriginConfiguration } from "./packages.ts";
import { publishPackageVersion } from "./publish-operation.ts";
import { deletePackageVersions, disposePackageVersions } from "./remove-versions.ts";
import { getPackageVersionAsset, listPackageVersionAssets } from "./version-assets.ts";
import { updatePackageVersionsStatus } from "./version-status.ts";

export function createVersionOperations(context: CodeArtifactContext, reading: Reading) {
  return {
    DescribePackage: (call, input) => describePackage(context, call, input),
    ListPackages: (call, input) => listPackages(context, call, input),
    DeletePackage: (call, input) => deletePackage(context, call, input),
    PutPackageOriginConfiguration: (call, input) => putPackageOriginConfiguration(context, call, input),

    PublishPackageVersion: (call, input) => publishPackageVersion(context, call, input),
    CopyPackageVersions: (call, input) => copyPackageVersions(context, reading, call, input),
    UpdatePackageVersionsStatus: (call, input) => updatePackageVersionsStatus(context, call, input),
    DisposePackageVersions: (call, input) => disposePackageVersions(context, call, input),
    DeletePackageVersions: (call, input) => deletePackageVersions(context, call, input),

    DescribePackageVersion: (call, input) => describePackageVersion(context, call, input),
    ListPackageVersions: (call, input) => listPackageVersions(context, call, input),
    ListPackageVersionAssets: (call, input) => listPackageVersionAssets(context, call, input),
    GetPackageVersionAsset: (call, input) => getPackageVersionAsset(context, call, input),
    ListPackageVersionDependencies: (call, input) => listPackageVersionDependencies(context, call, input),
    GetPackageVersionReadme: (call, input) => getPackageVersionReadme(context, call, input),
  } satisfies CodeArtifactOperations;
}
