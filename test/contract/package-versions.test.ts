/** The writing half of the package engine, on both databases: what users of one repository see of each other's writes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { genericFormat } from "../../src/formats/generic/index.ts";
import type { CodeArtifactContext } from "../../src/services/codeartifact/context.ts";
import type { Publication } from "../../src/services/codeartifact/engine.ts";
import { PackageInvalid, type VersionDescription } from "../../src/services/codeartifact/format.ts";
import { Formats } from "../../src/services/codeartifact/formats.ts";
import {
  packageName,
  type TestDomain,
  testDomain,
} from "../../src/services/codeartifact/testing/test-domain.ts";
import { createVersionOperations } from "../../src/services/codeartifact/versions/operations.ts";
import { currentRevision } from "../../src/services/codeartifact/versions/revision.ts";
import { createWriting } from "../../src/services/codeartifact/versions/writing.ts";
import { describeOnEachDatabase } from "./databases.ts";

const PUBLISHERS = 50;

function described(summary: string): VersionDescription {
  return { metadata: { summary }, summary, licenses: ["MIT"], dependencies: [] };
}

describeOnEachDatabase("package versions", (databases) => {
  let domain: TestDomain;
  let context: CodeArtifactContext;
  beforeEach(async () => {
    domain = await testDomain(databases.kind === "sqlite" ? undefined : await databases.fresh());
    context = {
      ...domain.context,
      formats: new Formats([...domain.context.formats.values(), genericFormat]),
    };
    await domain.repository("team");
    await domain.repository("app: team");
  });
  afterEach(() => domain[Symbol.asyncDispose]());

  async function publish(
    version: string,
    content: string,
    change: Partial<Publication> & { to?: string } = {},
  ) {
    const { to = "app", ...changes } = change;
    return createWriting(context).publish(domain.call(), await domain.open(to), {
      format: "npm",
      name: packageName("thing"),
      version,
      asset: `thing-${version}.tgz`,
      body: Readable.from([Buffer.from(content)]),
      describe: async () => described(content),
      status: "Published",
      ...changes,
    });
  }
  const operations = () => createVersionOperations(context, domain.reading);
  const thing = (repository = "app") =>
    ({ domain: "things", repository, format: "npm", package: "thing" }) as const;
  const versionsOf = async (repository = "app") =>
    (await operations().ListPackageVersions(domain.call(), thing(repository))).versions.map(
      ({ version, status }) => `${version} ${status}`,
    );
  const refused = (name: string) => expect.objectContaining({ name });
  const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

  describe("publishing", () => {
    test("keeps the file with four hashes, an origin, a revision, and says so in an event", async () => {
      const published = await publish("1.0.0", "hello", { tags: ["latest"] });
      expect(published).toMatchObject({ version: "1.0.0", status: "Published", isNew: true });
      expect(published.revision).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      const { packageVersion } = await operations().DescribePackageVersion(domain.call(), {
        ...thing(),
        packageVersion: "1.0.0",
      });
      expect(packageVersion).toMatchObject({
        packageName: "thing",
        displayName: "thing",
        summary: "hello",
        licenses: [{ name: "MIT" }],
        revision: published.revision,
        origin: { originType: "INTERNAL", domainEntryPoint: { repositoryName: "app" } },
      });
      const { assets } = await operations().ListPackageVersionAssets(domain.call(), {
        ...thing(),
        packageVersion: "1.0.0",
      });
      expect(assets).toEqual([
        {
          name: "thing-1.0.0.tgz",
          size: 5,
          hashes: {
            MD5: "5d41402abc4b2a76b9719d911017c592",
            "SHA-1": "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
            "SHA-256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "SHA-512": expect.stringMatching(/^9b71d224bd62f378/),
          },
        },
      ]);
      expect<unknown>(domain.events).toEqual([
        {
          source: "aws.codeartifact",
          detailType: "CodeArtifact Package Version State Change",
          account: "123456789012",
          region: "us-east-1",
          time: domain.now,
          resources: ["arn:aws:codeartifact:us-east-1:123456789012:package/things/app/npm//thing"],
          detail: {
            domainName: "things",
            domainOwner: "123456789012",
            repositoryName: "app",
            repositoryAdministrator: "123456789012",
            packageFormat: "npm",
            packageNamespace: null,
            packageName: "thing",
            packageVersion: "1.0.0",
            packageVersionState: "Published",
            packageVersionRevision: published.revision,
            changes: {
              assetsAdded: 1,
              assetsRemoved: 0,
              assetsUpdated: 0,
              metadataUpdated: true,
              statusChanged: true,
            },
            operationType: "Created",
            sequenceNumber: 1,
            eventDeduplicationId: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
          },
        },
      ]);
    });

    test("the same bytes again succeed and change nothing, other bytes are a conflict", async () => {
      const first = await publish("1.0.0", "hello");
      const again = await publish("1.0.0", "hello", { describe: async () => described("another") });
      expect(again).toMatchObject({ isNew: false, revision: first.revision });
      expect(domain.events).toHaveLength(1);
      expect(await outcome(publish("1.0.0", "other"))).toEqual(refused("ConflictException"));
      expect(await outcome(publish("1.0.0", "more", { asset: "more.tgz" }))).toEqual(
        refused("ConflictException"),
      );
      expect(await domain.download("app", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("hello");
    });

    test("of 50 who publish other bytes under one version at once exactly one succeeds", async () => {
      const results = await Promise.all(
        Array.from({ length: PUBLISHERS }, (_, index) => outcome(publish("1.0.0", `content ${index}`))),
      );
      const won = results.flatMap((result, index) => (result instanceof Error ? [] : [index]));
      expect(won).toHaveLength(1);
      expect(results.filter((result) => result instanceof Error)).toEqual(
        Array.from({ length: PUBLISHERS - 1 }, () => refused("ConflictException")),
      );
      expect(await domain.download("app", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe(`content ${won[0]}`);
      expect(
        await domain.context.metadata.reader.selectFrom("codeartifact_assets").selectAll().execute(),
      ).toHaveLength(1);
    }, 60_000);

    test("of 50 who publish the same bytes at once all succeed, and one was the first", async () => {
      const results = await Promise.all(Array.from({ length: PUBLISHERS }, () => publish("1.0.0", "same")));
      expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(new Set(results.map(({ revision }) => revision)).size).toBe(1);
    }, 60_000);

    test("files of one version that come at once are all there, and what one of them says stays", async () => {
      const files = Array.from({ length: 12 }, (_, index) =>
        publish("1.0.0", `content ${index}`, {
          format: "pypi",
          asset: `file-${index}`,
          describe: async () => (index === 5 ? described("said by one") : undefined),
        }),
      );
      await Promise.all(files);
      const row = await domain.metadata.reader
        .selectFrom("codeartifact_versions")
        .selectAll()
        .executeTakeFirstOrThrow();
      expect(JSON.parse(row.description)).toMatchObject({ summary: "said by one" });
      expect(row.revision).toBe(await currentRevision(domain.metadata.reader, row.id));
      expect(
        await domain.metadata.reader.selectFrom("codeartifact_assets").select("name").execute(),
      ).toHaveLength(12);
    }, 60_000);

    test("what two files say of a version at once is not lost: the second sees what the first said", async () => {
      const say = (word: string) =>
        publish("1.0.0", word, {
          format: "pypi",
          asset: word,
          describe: async (_, before) => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            const words = [...((before?.metadata["words"] as string[]) ?? []), word].sort();
            return { ...described("words"), metadata: { words } };
          },
        });
      await Promise.all(["a", "b", "c", "d"].map(say));
      const row = await domain.metadata.reader
        .selectFrom("codeartifact_versions")
        .selectAll()
        .executeTakeFirstOrThrow();
      expect(JSON.parse(row.description).metadata).toEqual({ words: ["a", "b", "c", "d"] });
    }, 60_000);

    test("what is refused on the way leaves no package, no version and no bytes", async () => {
      const invalid = async () => {
        throw new PackageInvalid("this is no package");
      };
      expect(await outcome(publish("1.0.0", "bad", { describe: invalid }))).toEqual(
        refused("PackageInvalid"),
      );
      expect(await outcome(publish("1.0.0", "bad", { expected: { sha1: "00" } }))).toEqual(
        refused("ValidationException"),
      );
      expect(await outcome(publish("1.0.0", "far too much", { maxSize: 3 }))).toEqual(
        refused("ServiceQuotaExceededException"),
      );
      const broken = new Readable({
        read() {
          this.push("half");
          this.destroy(new Error("the client went away"));
        },
      });
      expect(await outcome(publish("1.0.0", "", { body: broken }))).toBeInstanceOf(Error);
      for (const table of [
        "codeartifact_packages",
        "codeartifact_versions",
        "blobs",
        "blob_references",
      ] as const)
        expect(await domain.metadata.reader.selectFrom(table).selectAll().execute()).toEqual([]);
      expect(domain.events).toEqual([]);
      expect(await publish("1.0.0", "good")).toMatchObject({ isNew: true });
    });

    test("version 151 of a version's files is over the quota", async () => {
      const { id } = await (async () => {
        await publish("1.0.0", "first", { format: "pypi", asset: "file-0" });
        return domain.metadata.reader
          .selectFrom("codeartifact_versions")
          .select("id")
          .executeTakeFirstOrThrow();
      })();
      const first = await domain.metadata.reader
        .selectFrom("codeartifact_assets")
        .selectAll()
        .executeTakeFirstOrThrow();
      const more = Array.from({ length: 148 }, (_, index) => ({
        ...first,
        version_id: id,
        name: `more-${index}`,
      }));
      await domain.metadata.write((tx) => tx.insertInto("codeartifact_assets").values(more).execute());
      expect(await publish("1.0.0", "150", { format: "pypi", asset: "file-150" })).toMatchObject({
        isNew: true,
      });
      expect(await outcome(publish("1.0.0", "151", { format: "pypi", asset: "file-151" }))).toEqual(
        refused("ServiceQuotaExceededException"),
      );
    });

    test("a version that is found above is refused while what is above is let in, also of a new package", async () => {
      await publish("1.0.0", "of the team", { to: "team" });
      expect(await outcome(publish("1.0.0", "of the app"))).toEqual(refused("ConflictException"));
      expect(await publish("2.0.0", "of the app")).toMatchObject({ isNew: true });
      // Published here first, the package lets nothing in from above any more.
      expect(await publish("1.0.0", "of the app")).toMatchObject({ isNew: true });
    });

    test("a version that is only outside is refused too", async () => {
      await domain.repository("store: public:npm");
      domain.upstream.packages["thing"] = { "1.0.0": { "thing-1.0.0.tgz": "outside" } };
      expect(await outcome(publish("1.0.0", "inside", { to: "store" }))).toEqual(
        refused("ConflictException"),
      );
      expect(await publish("1.0.1", "inside", { to: "store" })).toMatchObject({ isNew: true });
    });

    test("origin controls of the package and of its group are obeyed", async () => {
      const restrictions = { publish: "BLOCK", upstream: "ALLOW" } as const;
      await operations().PutPackageOriginConfiguration(domain.call(), { ...thing(), restrictions });
      expect(await outcome(publish("1.0.0", "x"))).toEqual(refused("AccessDeniedException"));
      await operations().PutPackageOriginConfiguration(domain.call(), {
        ...thing(),
        restrictions: { publish: "ALLOW", upstream: "BLOCK" },
      });
      await domain.group("/npm/*", { PUBLISH: "BLOCK" });
      expect(await outcome(publish("1.0.0", "x"))).toEqual(refused("AccessDeniedException"));
      expect(await publish("1.0.0", "x", { format: "pypi" })).toMatchObject({ isNew: true });
    });

    test("another account needs the repository's policy, for the package it names", async () => {
      const stranger = async (repository: string) =>
        createWriting(context).publish(domain.call("210987654321" as never), await domain.open(repository), {
          format: "npm",
          name: packageName("thing"),
          version: "1.0.0",
          asset: "a",
          body: Readable.from([Buffer.from("x")]),
          describe: async () => undefined,
          status: "Published",
        });
      expect(await outcome(stranger("app"))).toEqual(refused("AccessDeniedException"));
      await domain.repository("open", {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::210987654321:root" },
            Action: "codeartifact:PublishPackageVersion",
            Resource: "arn:aws:codeartifact:us-east-1:123456789012:package/things/open/npm//thing",
          },
        ],
      });
      expect(await stranger("open")).toMatchObject({ isNew: true });
    });
  });

  describe("statuses", () => {
    beforeEach(async () => {
      for (const version of ["1.0.0", "2.0.0"]) await publish(version, version);
      domain.events.length = 0;
    });

    test("all versions change or none: one that cannot makes the others SKIPPED", async () => {
      const update = (versions: string[], change: object = {}) =>
        operations().UpdatePackageVersionsStatus(domain.call(), {
          ...thing(),
          versions,
          targetStatus: "Archived",
          ...change,
        });
      expect(await update(["1.0.0", "9.9.9"])).toEqual({
        successfulVersions: {},
        failedVersions: {
          "1.0.0": { errorCode: "SKIPPED", errorMessage: "version 1.0.0 is skipped" },
          "9.9.9": { errorCode: "NOT_FOUND", errorMessage: "Could not find version 9.9.9" },
        },
      });
      expect(await versionsOf()).toEqual(["1.0.0 Published", "2.0.0 Published"]);
      expect((await update(["1.0.0"], { expectedStatus: "Unlisted" })).failedVersions["1.0.0"]).toMatchObject(
        {
          errorCode: "MISMATCHED_STATUS",
        },
      );
      expect(
        (await update(["1.0.0"], { versionRevisions: { "1.0.0": "old" } })).failedVersions["1.0.0"],
      ).toMatchObject({ errorCode: "MISMATCHED_REVISION" });
      expect(await outcome(update(["1.0.0"], { versionRevisions: { "2.0.0": "old" } }))).toEqual(
        refused("ValidationException"),
      );
      for (const targetStatus of ["Unfinished", "Disposed", "Deleted"])
        expect(await outcome(update(["1.0.0"], { targetStatus }))).toEqual(refused("ValidationException"));
      expect(domain.events).toEqual([]);
      const { successfulVersions } = await update(["1.0.0", "2.0.0"]);
      expect(Object.keys(successfulVersions)).toEqual(["1.0.0", "2.0.0"]);
      expect(await versionsOf()).toEqual(["1.0.0 Archived", "2.0.0 Archived"]);
      expect(domain.events.map(({ detail }) => detail["sequenceNumber"])).toEqual([3, 4]);
      expect(domain.events[0]?.detail).toMatchObject({
        packageVersionState: "Archived",
        operationType: "Updated",
        changes: { assetsAdded: 0, metadataUpdated: false, statusChanged: true },
      });
    });

    test("an archived version keeps its number and gives out no file", async () => {
      await operations().UpdatePackageVersionsStatus(domain.call(), {
        ...thing(),
        versions: ["1.0.0"],
        targetStatus: "Archived",
      });
      expect(await outcome(publish("1.0.0", "1.0.0"))).toEqual(refused("ConflictException"));
      const asset = { ...thing(), packageVersion: "1.0.0", asset: "thing-1.0.0.tgz" };
      expect(await outcome(operations().GetPackageVersionAsset(domain.call(), asset))).toEqual(
        refused("ResourceNotFoundException"),
      );
    });

    test("what is disposed of loses its bytes for ever and keeps its number until it is deleted", async () => {
      const disposed = await operations().DisposePackageVersions(domain.call(), {
        ...thing(),
        versions: ["1.0.0"],
        expectedStatus: "Published",
      });
      expect(disposed.successfulVersions["1.0.0"]).toMatchObject({ status: "Disposed" });
      expect(domain.events[0]?.detail).toMatchObject({
        packageVersionState: "Disposed",
        changes: { assetsRemoved: 1, statusChanged: true },
      });
      const references = domain.metadata.reader.selectFrom("blob_references").selectAll();
      expect(await references.execute()).toHaveLength(1);
      const back = await operations().UpdatePackageVersionsStatus(domain.call(), {
        ...thing(),
        versions: ["1.0.0"],
        targetStatus: "Published",
      });
      expect(back.failedVersions["1.0.0"]).toMatchObject({ errorCode: "NOT_ALLOWED" });
      expect(await outcome(publish("1.0.0", "1.0.0"))).toEqual(refused("ConflictException"));
      const deleted = await operations().DeletePackageVersions(domain.call(), {
        ...thing(),
        versions: ["1.0.0"],
      });
      expect(deleted.successfulVersions["1.0.0"]).toMatchObject({ status: "Deleted" });
      expect(await publish("1.0.0", "something else")).toMatchObject({ isNew: true });
    });

    test("a deleted version takes its tags along; a deleted package all its versions", async () => {
      await publish("3.0.0", "3.0.0", { tags: ["latest"] });
      await operations().DeletePackageVersions(domain.call(), { ...thing(), versions: ["3.0.0"] });
      const listed = await operations().ListPackageVersions(domain.call(), thing());
      expect(listed.defaultDisplayVersion).toBe("2.0.0");
      for (let patch = 0; patch < 60; patch++) await publish(`4.0.${patch}`, `4.0.${patch}`);
      const { deletedPackage } = await operations().DeletePackage(domain.call(), thing());
      expect(deletedPackage).toEqual({
        format: "npm",
        package: "thing",
        originConfiguration: { restrictions: { publish: "ALLOW", upstream: "BLOCK" } },
      });
      expect(await outcome(operations().DescribePackage(domain.call(), thing()))).toEqual(
        refused("ResourceNotFoundException"),
      );
      for (const table of ["codeartifact_versions", "codeartifact_assets", "blob_references"] as const)
        expect(await domain.metadata.reader.selectFrom(table).selectAll().execute()).toEqual([]);
    });

    test("native clients hear what cannot be done as an exception", async () => {
      const writing = createWriting(context);
      const request = [domain.call(), await domain.open("app"), "npm", packageName("thing")] as const;
      await writing.setStatus(...request, ["1.0.0"], "Unlisted");
      expect(await versionsOf()).toEqual(["1.0.0 Unlisted", "2.0.0 Published"]);
      expect(await outcome(writing.setStatus(...request, ["9.9.9"], "Unlisted"))).toEqual(
        refused("ResourceNotFoundException"),
      );
      await writing.setTag(...request, "next", "2.0.0");
      expect(await outcome(writing.setTag(...request, "next", "9.9.9"))).toEqual(
        refused("ResourceNotFoundException"),
      );
      expect((await domain.view("app", "thing"))?.tags).toMatchObject({ next: "2.0.0" });
      await writing.setTag(...request, "next", undefined);
      expect((await domain.view("app", "thing"))?.tags).not.toHaveProperty("next");
      await writing.deleteVersions(...request, ["1.0.0"]);
      expect(await versionsOf()).toEqual(["2.0.0 Published"]);
    });

    test("versions take each other's names in one step", async () => {
      const writing = createWriting(context);
      const request = [domain.call(), await domain.open("app"), "npm", packageName("thing")] as const;
      await writing.arrange(...request, ["1.0.0", "2.0.0"], () => [
        { version: "1.0.0", becomes: "2.0.0" },
        { version: "2.0.0", becomes: "1.0.0", status: "Unlisted" },
      ]);
      expect(await versionsOf()).toEqual(["1.0.0 Unlisted", "2.0.0 Published"]);
      const swapped = await writing.storedVersion(
        ...([request[1], request[2], request[3]] as const),
        "1.0.0",
      );
      expect(swapped?.assets.map(({ name }) => name)).toEqual(["thing-2.0.0.tgz"]);
      const taken = writing.arrange(...request, ["1.0.0"], () => [{ version: "1.0.0", becomes: "2.0.0" }]);
      expect(await outcome(taken)).toEqual(refused("ConflictException"));
      expect(await versionsOf()).toEqual(["1.0.0 Unlisted", "2.0.0 Published"]);
    });

    test("a new description is a new revision, and the same one none", async () => {
      const writing = createWriting(context);
      const request = [domain.call(), await domain.open("app"), "npm", packageName("thing")] as const;
      const deprecate = () =>
        writing.redescribe(...request, (version, description) =>
          version === "1.0.0"
            ? { description: { ...description, metadata: { deprecated: "yes" }, readme: "Do not use" } }
            : undefined,
        );
      await deprecate();
      await deprecate();
      expect(domain.events).toHaveLength(1);
      expect(domain.events[0]?.detail).toMatchObject({
        packageVersion: "1.0.0",
        changes: { metadataUpdated: true, statusChanged: false },
      });
      const readme = await operations().GetPackageVersionReadme(domain.call(), {
        ...thing(),
        packageVersion: "1.0.0",
      });
      expect(readme).toMatchObject({ version: "1.0.0", readme: "Do not use" });
    });
  });

  describe("copies", () => {
    const copy = (change: object = {}) =>
      operations().CopyPackageVersions(domain.call(), {
        domain: "things",
        sourceRepository: "team",
        destinationRepository: "prod",
        format: "npm",
        package: "thing",
        versions: ["1.0.0", "2.0.0"],
        ...change,
      });
    beforeEach(async () => {
      await domain.repository("prod");
      await publish("1.0.0", "one", { to: "team", tags: ["stable"] });
      await publish("2.0.0", "two", { to: "team", tags: ["latest"] });
    });

    test("have files, tags, origin and revision of their source; again the same says nothing", async () => {
      const { successfulVersions } = await copy();
      const source = await operations().ListPackageVersions(domain.call(), thing("team"));
      expect(successfulVersions).toEqual(
        Object.fromEntries(
          source.versions.map(({ version, revision, status }) => [version, { revision, status }]),
        ),
      );
      const copied = await operations().ListPackageVersions(domain.call(), thing("prod"));
      expect(copied).toEqual({ ...source });
      expect(await domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("one");
      expect((await domain.view("prod", "thing"))?.tags).toEqual({ stable: "1.0.0", latest: "2.0.0" });
      expect(await copy()).toEqual({ successfulVersions: {}, failedVersions: {} });
      await operations().DeletePackage(domain.call(), thing("team"));
      expect(await domain.download("prod", "thing", "2.0.0", "thing-2.0.0.tgz")).toBe("two");
    });

    test("fail as a whole when one is missing, exists with other content or is another revision", async () => {
      expect(await copy({ versions: ["1.0.0", "5.6.7"] })).toEqual({
        successfulVersions: {},
        failedVersions: {
          "1.0.0": { errorCode: "SKIPPED", errorMessage: "Version 1.0.0 was skipped" },
          "5.6.7": { errorCode: "NOT_FOUND", errorMessage: "Could not find version 5.6.7" },
        },
      });
      await publish("1.0.0", "another one", { to: "prod" });
      expect((await copy()).failedVersions).toMatchObject({
        "1.0.0": { errorCode: "ALREADY_EXISTS", errorMessage: "Version 1.0.0 already exists" },
        "2.0.0": { errorCode: "SKIPPED" },
      });
      const revisions = { "1.0.0": "another" };
      expect((await copy({ versions: undefined, versionRevisions: revisions })).failedVersions).toMatchObject(
        {
          "1.0.0": { errorCode: "MISMATCHED_REVISION" },
        },
      );
      expect(await outcome(copy({ versionRevisions: revisions }))).toEqual(refused("ValidationException"));
      expect(await outcome(copy({ versions: undefined }))).toEqual(refused("ValidationException"));
      expect(await domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("another one");
      expect((await copy({ allowOverwrite: true })).failedVersions).toEqual({});
      expect(await domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("one");
    });

    test("take from above the source only when told so, from inside and from outside", async () => {
      await domain.repository("top: app");
      const fromTop = { sourceRepository: "top", versions: ["1.0.0"] };
      expect(await outcome(copy(fromTop))).toEqual(refused("ResourceNotFoundException"));
      expect((await copy({ ...fromTop, includeFromUpstream: true })).failedVersions).toEqual({});
      expect(await domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("one");
      // Nothing stays on the way.
      expect(await outcome(operations().DescribePackage(domain.call(), thing("top")))).toBeInstanceOf(Error);

      await domain.repository("store: public:npm");
      domain.upstream.packages["lib"] = { "3.0.0": { "lib-3.0.0.tgz": "outside" } };
      const fromStore = {
        sourceRepository: "store",
        package: "lib",
        versions: ["3.0.0"],
        includeFromUpstream: true,
      };
      expect((await copy(fromStore)).successfulVersions).toHaveProperty(["3.0.0"]);
      expect(await domain.download("prod", "lib", "3.0.0", "lib-3.0.0.tgz")).toBe("outside");
      const { package: lib } = await operations().DescribePackage(domain.call(), {
        ...thing("prod"),
        package: "lib",
      });
      expect(lib.originConfiguration.restrictions).toEqual({ publish: "BLOCK", upstream: "ALLOW" });
    });
  });

  describe("listings", () => {
    test("of versions come page by page, by version or the newest first, and by status and origin", async () => {
      for (const [index, version] of ["3.0.0", "1.0.0", "2.0.0"].entries()) {
        domain.now = new Date(Date.UTC(2026, 2, 1 + index));
        await publish(version, version, { status: version === "2.0.0" ? "Unfinished" : "Published" });
      }
      const pages = async (change: object) => {
        const found: string[] = [];
        for (let nextToken: string | undefined; ; ) {
          const page = await operations().ListPackageVersions(domain.call(), {
            ...thing(),
            maxResults: 1,
            nextToken,
            ...change,
          });
          expect(page.defaultDisplayVersion).toBe("1.0.0");
          found.push(...page.versions.map(({ version }) => version));
          nextToken = page.nextToken;
          if (nextToken === undefined) return found;
        }
      };
      expect(await pages({})).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
      expect(await pages({ sortBy: "PUBLISHED_TIME" })).toEqual(["2.0.0", "1.0.0", "3.0.0"]);
      expect(await pages({ status: "Published" })).toEqual(["1.0.0", "3.0.0"]);
      expect(await pages({ originType: "EXTERNAL" })).toEqual([]);
      expect(await outcome(pages({ nextToken: "bm9uc2Vuc2U" }))).toEqual(refused("ValidationException"));
    });

    test("of packages come page by page and filtered", async () => {
      const names = ["alpha", "alpine", "beta"];
      for (const name of names) await publish("1.0.0", name, { name: packageName(name) });
      await publish("1.0.0", "scoped", { name: { namespace: "acme", name: "alpha" } });
      await publish("1.0.0", "python", { name: packageName("alpha"), format: "pypi" });
      const list = async (change: object) => {
        const found: string[] = [];
        for (let nextToken: string | undefined; ; ) {
          const page = await operations().ListPackages(domain.call(), {
            domain: "things",
            repository: "app",
            maxResults: 1,
            nextToken,
            ...change,
          });
          found.push(...page.packages.map((row) => `${row.format}/${row.namespace ?? ""}/${row.package}`));
          nextToken = page.nextToken;
          if (nextToken === undefined) return found;
        }
      };
      expect(await list({})).toEqual([
        "npm//alpha",
        "npm//alpine",
        "npm//beta",
        "npm/acme/alpha",
        "pypi//alpha",
      ]);
      expect(await list({ format: "npm", packagePrefix: "alp" })).toEqual([
        "npm//alpha",
        "npm//alpine",
        "npm/acme/alpha",
      ]);
      expect(await list({ format: "npm", namespace: "acme" })).toEqual(["npm/acme/alpha"]);
      expect(await list({ upstream: "ALLOW" })).toEqual([]);
      expect(await list({ publish: "ALLOW", format: "pypi" })).toEqual(["pypi//alpha"]);
    });
  });

  test("generic versions gather files until the last one, and then are closed", async () => {
    const send = (asset: string, content: string, unfinished?: boolean) =>
      publish("1.0", content, {
        format: "generic",
        asset,
        describe: async () => undefined,
        status: unfinished ? "Unfinished" : "Published",
      });
    expect(await send("a", "1", true)).toMatchObject({ status: "Unfinished" });
    expect(await send("b", "2")).toMatchObject({ status: "Published" });
    expect(await outcome(send("c", "3"))).toEqual(refused("ConflictException"));
    expect(await send("a", "1", true)).toMatchObject({ status: "Published", isNew: false });
    const stored = await operations().GetPackageVersionAsset(domain.call(), {
      ...thing(),
      format: "generic",
      packageVersion: "1.0",
      asset: "b",
    });
    expect(await text(stored.asset as unknown as Readable)).toBe("2");
  });
});
