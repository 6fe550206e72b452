import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metadata, Migrations } from "../src/storage/metadata/metadata.ts";
import { openMetadata } from "../src/storage/metadata/open.ts";

/** A fresh embedded database for one test; `await using` closes it and removes its folder. */
export async function temporaryMetadata(migrations: Migrations): Promise<Metadata & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "shosoin-metadata-"));
  const metadata = await openMetadata(join(folder, "metadata.db"), migrations);
  return {
    ...metadata,
    async [Symbol.asyncDispose]() {
      await metadata.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
