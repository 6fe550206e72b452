import type { PackageFormat } from "../../services/codeartifact/format.ts";
import { normalizeName, normalizeVersion } from "./names.ts";
import { npmUpstream } from "./upstream.ts";

export const npmFormat: PackageFormat = {
  name: "npm",
  normalizeName,
  normalizeVersion,
  assetsGrow: false,
  upstream: npmUpstream,
};
