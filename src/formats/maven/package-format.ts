import type { PackageFormat } from "../../services/codeartifact/format.ts";
import { normalizeName, normalizeVersion } from "./coordinates.ts";
import { mavenUpstream } from "./upstream.ts";

/** What the engine has to know of Maven. Names and versions are taken as they are: Maven tells upper from lower case. */
export const maven: PackageFormat = {
  name: "maven",
  normalizeName,
  normalizeVersion,
  assetsGrow: true,
  upstream: mavenUpstream,
};
