/** Core metadata tells resolvers what else to install: nobody may put his own in the place of somebody else's. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  DeletePackageVersionsCommand,
  PutPackageOriginConfigurationCommand,
} from "@aws-sdk/client-codeartifact";
import { REPOSITORY, type TestRepository, testRepository } from "./testing/test-repository.ts";
import { zipArchive } from "./testing/zip-archive.ts";

setDefaultTimeout(60_000);

let repository: TestRepository;
beforeAll(async () => {
  repository = await testRepository();
});
afterAll(() => repository?.[Symbol.asyncDispose]());

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

function wheel(name: string, requires: string): { file: string; bytes: Uint8Array; metadata: string } {
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\nRequires-Dist: ${requires}\n`;
  const bytes = zipArchive({ [`${name}-1.0.dist-info/METADATA`]: metadata });
  return { file: `${name}-1.0-py3-none-any.whl`, bytes, metadata };
}

async function metadataOf(name: string, file: string): Promise<string> {
  return (await repository.get(`simple/${name}/1.0/${file}.metadata`)).text();
}

test("an index that claims another wheel's hash tells nobody that wheel's metadata", async () => {
  const own = wheel("victim", "good");
  const evil = wheel("liar", "evil");
  repository.outside.set(
    "liar",
    new Map([
      [
        evil.file,
        { bytes: evil.bytes, entry: { hashes: { sha256: sha256(own.bytes) }, "core-metadata": true } },
      ],
      [`${evil.file}.metadata`, { bytes: Buffer.from(evil.metadata), entry: {} }],
    ]),
  );
  expect(await metadataOf("liar", evil.file)).toContain("evil");
  expect((await repository.upload(own.file, own.bytes)).status).toBe(200);
  expect(await metadataOf("victim", own.file)).toBe(own.metadata);
});

test("metadata of a version that was deleted is not told of another file of the same name", async () => {
  const deleted = wheel("again", "gone");
  // Another version only, so that nothing stands against publishing this one.
  repository.outside.set("again", new Map([["again-0.9.tar.gz", { bytes: Buffer.from("x"), entry: {} }]]));
  expect((await repository.upload(deleted.file, deleted.bytes)).status).toBe(200);
  expect(await metadataOf("again", deleted.file)).toBe(deleted.metadata);
  const named = { ...REPOSITORY, format: "pypi", package: "again" } as const;
  await repository.api.send(new DeletePackageVersionsCommand({ ...named, versions: ["1.0"] }));
  const restrictions = { publish: "ALLOW", upstream: "ALLOW" } as const;
  await repository.api.send(new PutPackageOriginConfigurationCommand({ ...named, restrictions }));
  const { file, bytes, metadata } = wheel("again", "present");
  repository.outside.set(
    "again",
    new Map([
      [
        file,
        {
          bytes,
          entry: { hashes: { sha256: sha256(bytes) }, "core-metadata": { sha256: sha256(metadata) } },
        },
      ],
      [`${file}.metadata`, { bytes: Buffer.from(metadata), entry: {} }],
    ]),
  );
  expect(await metadataOf("again", file)).toBe(metadata);
});
