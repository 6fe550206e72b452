import { PackageInvalid } from "../../services/codeartifact/format.ts";

const MAX_LENGTH = 100;
/** As NuGet's client checks it: words of letters, digits and underscores between single dots and hyphens. */
const SHAPE = /^[\p{L}\p{N}_]+(?:[.-][\p{L}\p{N}_]+)*$/u;

/** The stored form: ids are the same in any case. Throws PackageInvalid. */
export function normalizeId(id: string): string {
  if (id.length === 0 || id.length > MAX_LENGTH || !SHAPE.test(id)) {
    throw new PackageInvalid(`'${id.slice(0, MAX_LENGTH)}' is not a NuGet package id`);
  }
  return id.toLowerCase();
}

/** Id and version in stored form. */
export function nupkgName(id: string, version: string): string {
  return `${id}.${version}.nupkg`;
}

/** The symbols of a package, kept as another file of its version. */
export function snupkgName(id: string, version: string): string {
  return `${id}.${version}.snupkg`;
}
