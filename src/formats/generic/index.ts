/**
 * Generic packages: any files under a name and a version (CodeArtifact user guide, "Using CodeArtifact with generic
 * packages"). Names are taken as they are; there is no client of their own and nothing outside that has them.
 */
import { type PackageFormat, PackageInvalid } from "../../services/codeartifact/format.ts";

/** What CodeArtifact's model allows in names, namespaces and versions. */
const NAME = /^[^!#/\s]{1,255}$/;

export const genericFormat: PackageFormat = {
  name: "generic",
  normalizeName({ namespace, name }) {
    if (!NAME.test(name)) throw new PackageInvalid(`'${name}' cannot be the name of a package`);
    if (namespace !== "" && !NAME.test(namespace))
      throw new PackageInvalid(`'${namespace}' cannot be the namespace of a package`);
    return { namespace, name };
  },
  normalizeVersion(version) {
    if (!NAME.test(version)) throw new PackageInvalid(`'${version}' cannot be the version of a package`);
    return version;
  },
  assetsGrow: false,
};
