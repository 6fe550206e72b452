import { zipArchive } from "../../pypi/testing/zip-archive.ts";

export interface TestPackage {
  readonly id: string;
  readonly version: string;
  /** Elements of `<metadata>` beside id, version, authors and description. */
  readonly fields?: string;
  /** Beside the manifest. */
  readonly files?: Readonly<Record<string, string>>;
  /** Instead of `<id>.nuspec`. */
  readonly manifestName?: string;
}

/** What `nuget pack` makes, with less in it. */
export function nupkg({ id, version, fields = "", files = {}, manifestName }: TestPackage): Uint8Array {
  return zipArchive({
    [manifestName ?? `${id}.nuspec`]: nuspec(id, version, fields),
    "content/readme.txt": `${id} ${version}`,
    ...files,
  });
}

export function nuspec(id: string, version: string, fields = ""): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>${id}</id>
    <version>${version}</version>
    <authors>Shosoin</authors>
    <description>A package of the tests.</description>
    ${fields}
  </metadata>
</package>`;
}
