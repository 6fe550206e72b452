/** Publishing, on both databases: what users of one repository see of each other's writes. */
import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { PackageInvalid } from "../../src/services/codeartifact/format.ts";
import { packageName } from "../../src/services/codeartifact/testing/test-domain.ts";
import { currentRevision } from "../../src/services/codeartifact/versions/revision.ts";
import { createWriting } from "../../src/services/codeartifact/versions/writing.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { described, outcome, packageRepositories, refused } from "./package-repositories.ts";

const PUBLISHERS = 50;

describeOnEachDatabase("publishing package versions", (databases) => {
  const repositories = packageRepositories(databases);
  const { publish, operations, thing } = repositories;

  test("keeps the file with four hashes, an origin, a revision, and says so in an event", async () => {
    const published = await publish("1.0.0", "hello", { tags: ["latest"] });
    expect(published).toMatchObject({ version: "1.0.0", status: "Published", isNew: true });
    expect(published.revision).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    const { packageVersion } = await operations().DescribePackageVersion(repositories.domain.call(), {
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
    const { assets } = await operations().ListPackageVersionAssets(repositories.domain.call(), {
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
    expect<unknown>(repositories.domain.events).toEqual([
      {
        source: "aws.codeartifact",
        detailType: "CodeArtifact Package Version State Change",
        account: "123456789012",
        region: "us-east-1",
        time: repositories.domain.now,
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
    expect(repositories.domain.events).toHaveLength(1);
    expect(await outcome(publish("1.0.0", "other"))).toEqual(refused("ConflictException"));
    expect(await outcome(publish("1.0.0", "more", { asset: "more.tgz" }))).toEqual(
      refused("ConflictException"),
    );
    expect(await repositories.domain.download("app", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("hello");
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
    expect(await repositories.domain.download("app", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe(
      `content ${won[0]}`,
    );
    expect(
      await repositories.domain.context.metadata.reader
        .selectFrom("codeartifact_assets")
        .selectAll()
        .execute(),
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
    const row = await repositories.domain.metadata.reader
      .selectFrom("codeartifact_versions")
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(JSON.parse(row.description)).toMatchObject({ summary: "said by one" });
    expect(row.revision).toBe(await currentRevision(repositories.domain.metadata.reader, row.id));
    expect(
      await repositories.domain.metadata.reader.selectFrom("codeartifact_assets").select("name").execute(),
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
    const row = await repositories.domain.metadata.reader
      .selectFrom("codeartifact_versions")
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(JSON.parse(row.description).metadata).toEqual({ words: ["a", "b", "c", "d"] });
  }, 60_000);

  test("what is refused on the way leaves no package, no version and no bytes", async () => {
    const invalid = async () => {
      throw new PackageInvalid("this is no package");
    };
    expect(await outcome(publish("1.0.0", "bad", { describe: invalid }))).toEqual(refused("PackageInvalid"));
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
      expect(await repositories.domain.metadata.reader.selectFrom(table).selectAll().execute()).toEqual([]);
    expect(repositories.domain.events).toEqual([]);
    expect(await publish("1.0.0", "good")).toMatchObject({ isNew: true });
  });

  test("version 151 of a version's files is over the quota", async () => {
    const { id } = await (async () => {
      await publish("1.0.0", "first", { format: "pypi", asset: "file-0" });
      return repositories.domain.metadata.reader
        .selectFrom("codeartifact_versions")
        .select("id")
        .executeTakeFirstOrThrow();
    })();
    const first = await repositories.domain.metadata.reader
      .selectFrom("codeartifact_assets")
      .selectAll()
      .executeTakeFirstOrThrow();
    const more = Array.from({ length: 148 }, (_, index) => ({
      ...first,
      version_id: id,
      name: `more-${index}`,
    }));
    await repositories.domain.metadata.write((tx) =>
      tx.insertInto("codeartifact_assets").values(more).execute(),
    );
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
    await repositories.domain.repository("store: public:npm");
    repositories.domain.upstream.packages["thing"] = { "1.0.0": { "thing-1.0.0.tgz": "outside" } };
    expect(await outcome(publish("1.0.0", "inside", { to: "store" }))).toEqual(refused("ConflictException"));
    expect(await publish("1.0.1", "inside", { to: "store" })).toMatchObject({ isNew: true });
  });

  test("origin controls of the package and of its group are obeyed", async () => {
    const restrictions = { publish: "BLOCK", upstream: "ALLOW" } as const;
    await operations().PutPackageOriginConfiguration(repositories.domain.call(), {
      ...thing(),
      restrictions,
    });
    expect(await outcome(publish("1.0.0", "x"))).toEqual(refused("AccessDeniedException"));
    await operations().PutPackageOriginConfiguration(repositories.domain.call(), {
      ...thing(),
      restrictions: { publish: "ALLOW", upstream: "BLOCK" },
    });
    await repositories.domain.group("/npm/*", { PUBLISH: "BLOCK" });
    expect(await outcome(publish("1.0.0", "x"))).toEqual(refused("AccessDeniedException"));
    expect(await publish("1.0.0", "x", { format: "pypi" })).toMatchObject({ isNew: true });
  });

  test("another account needs the repository's policy, for the package it names", async () => {
    const stranger = async (repository: string) =>
      createWriting(repositories.context).publish(
        repositories.domain.call("210987654321" as never),
        await repositories.domain.open(repository),
        {
          format: "npm",
          name: packageName("thing"),
          version: "1.0.0",
          asset: "a",
          body: Readable.from([Buffer.from("x")]),
          describe: async () => undefined,
          status: "Published",
        },
      );
    expect(await outcome(stranger("app"))).toEqual(refused("AccessDeniedException"));
    await repositories.domain.repository("open", {
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
    const stored = await operations().GetPackageVersionAsset(repositories.domain.call(), {
      ...thing(),
      format: "generic",
      packageVersion: "1.0",
      asset: "b",
    });
    expect(await text(stored.asset as unknown as Readable)).toBe("2");
  });
});
