import { beforeEach, expect, test } from "bun:test";
import { describeOnEachDatabase } from "./databases.ts";
import { outcome, packageRepositories, refused } from "./package-repositories.ts";

describeOnEachDatabase("copies of package versions", (databases) => {
  const repositories = packageRepositories(databases);
  const { publish, operations, thing } = repositories;

  const copy = (change: object = {}) =>
    operations().CopyPackageVersions(repositories.domain.call(), {
      domain: "things",
      sourceRepository: "team",
      destinationRepository: "prod",
      format: "npm",
      package: "thing",
      versions: ["1.0.0", "2.0.0"],
      ...change,
    });
  beforeEach(async () => {
    await repositories.domain.repository("prod");
    await publish("1.0.0", "one", { to: "team", tags: ["stable"] });
    await publish("2.0.0", "two", { to: "team", tags: ["latest"] });
  });

  test("have files, tags, origin and revision of their source; again the same says nothing", async () => {
    const { successfulVersions } = await copy();
    const source = await operations().ListPackageVersions(repositories.domain.call(), thing("team"));
    expect(successfulVersions).toEqual(
      Object.fromEntries(
        source.versions.map(({ version, revision, status }) => [version, { revision, status }]),
      ),
    );
    const copied = await operations().ListPackageVersions(repositories.domain.call(), thing("prod"));
    expect(copied).toEqual({ ...source });
    expect(await repositories.domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("one");
    expect((await repositories.domain.view("prod", "thing"))?.tags).toEqual({
      stable: "1.0.0",
      latest: "2.0.0",
    });
    expect(await copy()).toEqual({ successfulVersions: {}, failedVersions: {} });
    await operations().DeletePackage(repositories.domain.call(), thing("team"));
    expect(await repositories.domain.download("prod", "thing", "2.0.0", "thing-2.0.0.tgz")).toBe("two");
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
    expect((await copy({ versions: undefined, versionRevisions: revisions })).failedVersions).toMatchObject({
      "1.0.0": { errorCode: "MISMATCHED_REVISION" },
    });
    expect(await outcome(copy({ versionRevisions: revisions }))).toEqual(refused("ValidationException"));
    expect(await outcome(copy({ versions: undefined }))).toEqual(refused("ValidationException"));
    expect(await repositories.domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe(
      "another one",
    );
    expect((await copy({ allowOverwrite: true })).failedVersions).toEqual({});
    expect(await repositories.domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("one");
  });

  test("take from above the source only when told so, from inside and from outside", async () => {
    await repositories.domain.repository("top: app");
    const fromTop = { sourceRepository: "top", versions: ["1.0.0"] };
    expect(await outcome(copy(fromTop))).toEqual(refused("ResourceNotFoundException"));
    expect((await copy({ ...fromTop, includeFromUpstream: true })).failedVersions).toEqual({});
    expect(await repositories.domain.download("prod", "thing", "1.0.0", "thing-1.0.0.tgz")).toBe("one");
    // Nothing stays on the way.
    expect(
      await outcome(operations().DescribePackage(repositories.domain.call(), thing("top"))),
    ).toBeInstanceOf(Error);

    await repositories.domain.repository("store: public:npm");
    repositories.domain.upstream.packages["lib"] = { "3.0.0": { "lib-3.0.0.tgz": "outside" } };
    const fromStore = {
      sourceRepository: "store",
      package: "lib",
      versions: ["3.0.0"],
      includeFromUpstream: true,
    };
    expect((await copy(fromStore)).successfulVersions).toHaveProperty(["3.0.0"]);
    expect(await repositories.domain.download("prod", "lib", "3.0.0", "lib-3.0.0.tgz")).toBe("outside");
    const { package: lib } = await operations().DescribePackage(repositories.domain.call(), {
      ...thing("prod"),
      package: "lib",
    });
    expect(lib.originConfiguration.restrictions).toEqual({ publish: "BLOCK", upstream: "ALLOW" });
  });
});
