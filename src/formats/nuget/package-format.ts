import { type PackageFormat, PackageInvalid } from "../../services/codeartifact/format.ts";
import { normalizeVersion } from "./nuget-version.ts";
import { normalizeId } from "./package-id.ts";
import { upstream } from "./upstream.ts";

export const nuget: PackageFormat = {
  name: "nuget",
  normalizeName({ namespace, name }) {
    if (namespace !== "") throw new PackageInvalid("NuGet packages have no namespace");
    return { namespace, name: normalizeId(name) };
  },
  normalizeVersion,
  assetsGrow: false,
  upstream,
};
