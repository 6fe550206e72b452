import { expect, test } from "bun:test";
import { packageName } from "../../src/services/codeartifact/testing/test-domain.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { outcome, packageRepositories, refused } from "./package-repositories.ts";

describeOnEachDatabase("listings of packages and their versions", (databases) => {
  const repositories = packageRepositories(databases);
  const { publish, operations, thing } = repositories;

  test("of versions come page by page, by version or the newest first, and by status and origin", async () => {
    for (const [index, version] of ["3.0.0", "1.0.0", "2.0.0"].entries()) {
      repositories.domain.now = new Date(Date.UTC(2026, 2, 1 + index));
      await publish(version, version, { status: version === "2.0.0" ? "Unfinished" : "Published" });
    }
    const pages = async (change: object) => {
      const found: string[] = [];
      for (let nextToken: string | undefined; ; ) {
        const page = await operations().ListPackageVersions(repositories.domain.call(), {
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
        const page = await operations().ListPackages(repositories.domain.call(), {
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
