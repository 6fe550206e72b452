import type { CodeArtifactContext } from "../context.ts";
import type { CodeArtifactOperations } from "../operation-table.ts";
import { listAssociatedPackages, listPackageGroups, listSubPackageGroups } from "./group-listings.ts";
import { listAllowedRepositoriesForGroup, updatePackageGroupOriginConfiguration } from "./group-origins.ts";
import {
  createPackageGroup,
  deletePackageGroup,
  describePackageGroup,
  getAssociatedPackageGroup,
  updatePackageGroup,
} from "./package-group.ts";

/** Package groups in the CodeArtifact API. */
export function createGroupOperations(context: CodeArtifactContext) {
  return {
    CreatePackageGroup: (call, input) => createPackageGroup(context, call, input),
    DescribePackageGroup: (call, input) => describePackageGroup(context, call, input),
    UpdatePackageGroup: (call, input) => updatePackageGroup(context, call, input),
    DeletePackageGroup: (call, input) => deletePackageGroup(context, call, input),
    ListPackageGroups: (call, input) => listPackageGroups(context, call, input),
    ListSubPackageGroups: (call, input) => listSubPackageGroups(context, call, input),
    ListAssociatedPackages: (call, input) => listAssociatedPackages(context, call, input),
    GetAssociatedPackageGroup: (call, input) => getAssociatedPackageGroup(context, call, input),
    UpdatePackageGroupOriginConfiguration: (call, input) =>
      updatePackageGroupOriginConfiguration(context, call, input),
    ListAllowedRepositoriesForGroup: (call, input) => listAllowedRepositoriesForGroup(context, call, input),
  } satisfies CodeArtifactOperations;
}
