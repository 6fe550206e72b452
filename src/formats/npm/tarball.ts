/** What lies in an npm package: one folder, its package.json and readme. */
import { PackageInvalid, type ReceivedContent } from "../../services/codeartifact/format.ts";
import { readTarArchive } from "../packages/tar-archive.ts";
import { type JsonObject, parseObject } from "./json.ts";

const LARGEST_PACKAGE_JSON = 2 * 1024 * 1024;
const LARGEST_README = 1024 * 1024;
/** Larger files of upstreams are not read again for their readme. In bytes, compressed. */
const READ_FOR_README = 8 * 1024 * 1024;
const README = /^readme(?:\.(?:md|markdown|txt))?$/i;

export interface TarballContents {
  readonly packageJson: JsonObject;
  readonly readme: string | undefined;
  readonly fileCount: number;
  /** In bytes. */
  readonly unpackedSize: number;
}

/** Throws PackageInvalid when it is no package: damaged, hostile, without a package.json or with several. */
export async function readTarball(content: Pick<ReceivedContent, "size" | "open">): Promise<TarballContents> {
  let packageJson: JsonObject | undefined;
  let readme: string | undefined;
  let fileCount = 0;
  let unpackedSize = 0;
  await readTarArchive(content, async (entry) => {
    if (entry.type !== "file" && entry.type !== "contiguous-file") return;
    fileCount += 1;
    unpackedSize += entry.size;
    const path = pathInPackage(entry.path);
    if (path === "package.json") {
      // Clients unpack one over the other: what was checked would not be what is installed.
      if (packageJson) throw new PackageInvalid("The package has more than one package.json at its top.");
      if (entry.size > LARGEST_PACKAGE_JSON)
        throw new PackageInvalid(`package.json is larger than ${LARGEST_PACKAGE_JSON} bytes.`);
      packageJson = parseObject(withoutMark((await entry.read()).toString("utf8")), "package.json");
    } else if (README.test(path) && entry.size <= LARGEST_README && readme === undefined)
      readme = (await entry.read()).toString("utf8");
  });
  if (packageJson === undefined) throw new PackageInvalid("The package has no package/package.json.");
  return { packageJson, readme, fileCount, unpackedSize };
}

/** Of a file that an upstream listed and its hash confirms: whatever it holds, it is passed on. */
export async function readmeOfTarball(content: ReceivedContent): Promise<string | undefined> {
  if (content.size > READ_FOR_README) return undefined;
  try {
    return (await readTarball(content)).readme;
  } catch (error) {
    if (error instanceof PackageInvalid) return undefined;
    throw error;
  }
}

/** Clients strip the first folder, whatever it is called. */
function pathInPackage(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.slice(1).join("/");
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
