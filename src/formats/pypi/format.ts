import type { PackageFormat } from "../../services/codeartifact/format.ts";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { normalizeProjectName, normalizeVersion } from "./names.ts";
import { pypiUpstream } from "./upstream.ts";

export const pypiFormat: PackageFormat = {
  name: "pypi",
  normalizeName({ namespace, name }) {
    if (namespace !== "") throw new PackageInvalid("a Python project has no namespace");
    return { namespace: "", name: normalizeProjectName(name) };
  },
  normalizeVersion,
  assetsGrow: true,
  upstream: pypiUpstream,
};
