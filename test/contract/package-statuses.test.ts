/** What becomes of versions that are there: archived, disposed of, deleted, described anew. */
import { beforeEach, expect, test } from "bun:test";
import { packageName } from "../../src/services/codeartifact/testing/test-domain.ts";
import { createWriting } from "../../src/services/codeartifact/versions/writing.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { outcome, packageRepositories, refused } from "./package-repositories.ts";

describeOnEachDatabase("statuses of package versions", (databases) => {
  const repositories = packageRepositories(databases);
  const { publish, operations, thing, versionsOf } = repositories;

  beforeEach(async () => {
    for (const version of ["1.0.0", "2.0.0"]) await publish(version, version);
    repositories.domain.events.length = 0;
  });

  test("all versions change or none: one that cannot makes the others SKIPPED", async () => {
    const update = (versions: string[], change: object = {}) =>
      operations().UpdatePackageVersionsStatus(repositories.domain.call(), {
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
    expect((await update(["1.0.0"], { expectedStatus: "Unlisted" })).failedVersions["1.0.0"]).toMatchObject({
      errorCode: "MISMATCHED_STATUS",
    });
    expect(
      (await update(["1.0.0"], { versionRevisions: { "1.0.0": "old" } })).failedVersions["1.0.0"],
    ).toMatchObject({ errorCode: "MISMATCHED_REVISION" });
    expect(await outcome(update(["1.0.0"], { versionRevisions: { "2.0.0": "old" } }))).toEqual(
      refused("ValidationException"),
    );
    for (const targetStatus of ["Unfinished", "Disposed", "Deleted"])
      expect(await outcome(update(["1.0.0"], { targetStatus }))).toEqual(refused("ValidationException"));
    expect(repositories.domain.events).toEqual([]);
    const { successfulVersions } = await update(["1.0.0", "2.0.0"]);
    expect(Object.keys(successfulVersions)).toEqual(["1.0.0", "2.0.0"]);
    expect(await versionsOf()).toEqual(["1.0.0 Archived", "2.0.0 Archived"]);
    expect(repositories.domain.events.map(({ detail }) => detail["sequenceNumber"])).toEqual([3, 4]);
    expect(repositories.domain.events[0]?.detail).toMatchObject({
      packageVersionState: "Archived",
      operationType: "Updated",
      changes: { assetsAdded: 0, metadataUpdated: false, statusChanged: true },
    });
  });

  test("an archived version keeps its number and gives out no file", async () => {
    await operations().UpdatePackageVersionsStatus(repositories.domain.call(), {
      ...thing(),
      versions: ["1.0.0"],
      targetStatus: "Archived",
    });
    expect(await outcome(publish("1.0.0", "1.0.0"))).toEqual(refused("ConflictException"));
    const asset = { ...thing(), packageVersion: "1.0.0", asset: "thing-1.0.0.tgz" };
    expect(await outcome(operations().GetPackageVersionAsset(repositories.domain.call(), asset))).toEqual(
      refused("ResourceNotFoundException"),
    );
  });

  test("what is disposed of loses its bytes for ever and keeps its number until it is deleted", async () => {
    const disposed = await operations().DisposePackageVersions(repositories.domain.call(), {
      ...thing(),
      versions: ["1.0.0"],
      expectedStatus: "Published",
    });
    expect(disposed.successfulVersions["1.0.0"]).toMatchObject({ status: "Disposed" });
    expect(repositories.domain.events[0]?.detail).toMatchObject({
      packageVersionState: "Disposed",
      changes: { assetsRemoved: 1, statusChanged: true },
    });
    const references = repositories.domain.metadata.reader.selectFrom("blob_references").selectAll();
    expect(await references.execute()).toHaveLength(1);
    const back = await operations().UpdatePackageVersionsStatus(repositories.domain.call(), {
      ...thing(),
      versions: ["1.0.0"],
      targetStatus: "Published",
    });
    expect(back.failedVersions["1.0.0"]).toMatchObject({ errorCode: "NOT_ALLOWED" });
    expect(await outcome(publish("1.0.0", "1.0.0"))).toEqual(refused("ConflictException"));
    const deleted = await operations().DeletePackageVersions(repositories.domain.call(), {
      ...thing(),
      versions: ["1.0.0"],
    });
    expect(deleted.successfulVersions["1.0.0"]).toMatchObject({ status: "Deleted" });
    expect(await publish("1.0.0", "something else")).toMatchObject({ isNew: true });
  });

  test("a deleted version takes its tags along; a deleted package all its versions", async () => {
    await publish("3.0.0", "3.0.0", { tags: ["latest"] });
    await operations().DeletePackageVersions(repositories.domain.call(), { ...thing(), versions: ["3.0.0"] });
    const listed = await operations().ListPackageVersions(repositories.domain.call(), thing());
    expect(listed.defaultDisplayVersion).toBe("2.0.0");
    for (let patch = 0; patch < 60; patch++) await publish(`4.0.${patch}`, `4.0.${patch}`);
    const { deletedPackage } = await operations().DeletePackage(repositories.domain.call(), thing());
    expect(deletedPackage).toEqual({
      format: "npm",
      package: "thing",
      originConfiguration: { restrictions: { publish: "ALLOW", upstream: "BLOCK" } },
    });
    expect(await outcome(operations().DescribePackage(repositories.domain.call(), thing()))).toEqual(
      refused("ResourceNotFoundException"),
    );
    for (const table of ["codeartifact_versions", "codeartifact_assets", "blob_references"] as const)
      expect(await repositories.domain.metadata.reader.selectFrom(table).selectAll().execute()).toEqual([]);
  });

  /** What every call of a native client begins with. */
  async function requestOfClient() {
    const { domain } = repositories;
    return [domain.call(), await domain.open("app"), "npm", packageName("thing")] as const;
  }

  test("native clients hear what cannot be done as an exception", async () => {
    const writing = createWriting(repositories.context);
    const request = await requestOfClient();
    await writing.setStatus(...request, ["1.0.0"], "Unlisted");
    expect(await versionsOf()).toEqual(["1.0.0 Unlisted", "2.0.0 Published"]);
    expect(await outcome(writing.setStatus(...request, ["9.9.9"], "Unlisted"))).toEqual(
      refused("ResourceNotFoundException"),
    );
    await writing.setTag(...request, "next", "2.0.0");
    expect(await outcome(writing.setTag(...request, "next", "9.9.9"))).toEqual(
      refused("ResourceNotFoundException"),
    );
    expect((await repositories.domain.view("app", "thing"))?.tags).toMatchObject({ next: "2.0.0" });
    await writing.setTag(...request, "next", undefined);
    expect((await repositories.domain.view("app", "thing"))?.tags).not.toHaveProperty("next");
    await writing.deleteVersions(...request, ["1.0.0"]);
    expect(await versionsOf()).toEqual(["2.0.0 Published"]);
  });

  test("versions take each other's names in one step", async () => {
    const writing = createWriting(repositories.context);
    const request = await requestOfClient();
    await writing.arrange(...request, ["1.0.0", "2.0.0"], () => [
      { version: "1.0.0", becomes: "2.0.0" },
      { version: "2.0.0", becomes: "1.0.0", status: "Unlisted" },
    ]);
    expect(await versionsOf()).toEqual(["1.0.0 Unlisted", "2.0.0 Published"]);
    const swapped = await writing.storedVersion(...([request[1], request[2], request[3]] as const), "1.0.0");
    expect(swapped?.assets.map(({ name }) => name)).toEqual(["thing-2.0.0.tgz"]);
    const taken = writing.arrange(...request, ["1.0.0"], () => [{ version: "1.0.0", becomes: "2.0.0" }]);
    expect(await outcome(taken)).toEqual(refused("ConflictException"));
    expect(await versionsOf()).toEqual(["1.0.0 Unlisted", "2.0.0 Published"]);
  });

  test("a new description is a new revision, and the same one none", async () => {
    const writing = createWriting(repositories.context);
    const request = await requestOfClient();
    const deprecate = () =>
      writing.redescribe(...request, (version, description) =>
        version === "1.0.0"
          ? { description: { ...description, metadata: { deprecated: "yes" }, readme: "Do not use" } }
          : undefined,
      );
    await deprecate();
    await deprecate();
    expect(repositories.domain.events).toHaveLength(1);
    expect(repositories.domain.events[0]?.detail).toMatchObject({
      packageVersion: "1.0.0",
      changes: { metadataUpdated: true, statusChanged: false },
    });
    const readme = await operations().GetPackageVersionReadme(repositories.domain.call(), {
      ...thing(),
      packageVersion: "1.0.0",
    });
    expect(readme).toMatchObject({ version: "1.0.0", readme: "Do not use" });
  });
});
