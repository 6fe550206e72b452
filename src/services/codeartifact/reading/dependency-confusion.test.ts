/**
 * A name that is published inside, and the same name outside with a higher version: what a client sees and can
 * download by its address, for every shape of graph and every setting that decides about it.
 */
import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { type TestDomain, testDomain } from "../testing/test-domain.ts";

const SHAPES: readonly (readonly [what: string, repositories: readonly string[], publishedTo: string])[] = [
  ["the repository that is connected itself", ["app: public:npm"], "app"],
  ["a repository above a connected one", ["store: public:npm", "app: store"], "app"],
  ["a repository in between", ["store: public:npm", "team: store", "app: team"], "team"],
  ["an upstream that is connected itself", ["team: public:npm", "app: team"], "team"],
  ["an upstream before a connected one", ["store: public:npm", "team", "app: team store"], "team"],
  ["an upstream behind a connected one", ["store: public:npm", "team", "app: store team"], "team"],
];

async function domainWith(url: string, repositories: readonly string[]): Promise<TestDomain> {
  const domain = await testDomain(url);
  for (const line of repositories) await domain.repository(line);
  domain.upstream.packages["thing"] = {
    "1.0": { "1.0.tgz": "strange", "other.tgz": "strange" },
    "99.0": { "99.0.tgz": "strange", "second.tgz": "strange" },
  };
  return domain;
}

async function versions(domain: TestDomain): Promise<readonly string[] | undefined> {
  return (await domain.view("app", "thing"))?.versions.map(({ version, origin }) => `${version} ${origin}`);
}

describeOnEachDatabase("a name published inside", (databases) => {
  for (const [what, repositories, publishedTo] of SHAPES)
    test(`is not taken from outside: published to ${what}`, async () => {
      await using domain = await domainWith(await databases.fresh(), repositories);
      await domain.store(publishedTo, "thing", "1.0", { "1.0.tgz": "own" });
      expect(await versions(domain)).toEqual(["1.0 INTERNAL"]);
      expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", undefined, "99.0.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", "1.0", "other.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", "1.0", "1.0.tgz")).toBe("own");
      expect(domain.upstream.asked).toEqual([]);
      // Retained, it is still a name of the inside.
      expect(await versions(domain)).toEqual(["1.0 INTERNAL"]);
      expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBeUndefined();
    });

  for (const app of ["app: store team", "app: team store"])
    test(`is not taken from what a repository once fetched of it: ${app}`, async () => {
      await using domain = await domainWith(await databases.fresh(), ["store: public:npm", "team", app]);
      // One who may only read is enough to have a stranger's version kept, also after the name is taken.
      expect(await domain.download("app", "thing", "1.0", "other.tgz")).toBe("strange");
      await domain.store("team", "thing", "2.0", { "2.0.tgz": "own" });
      expect(await domain.download("store", "thing", "99.0", "99.0.tgz")).toBe("strange");
      expect(await versions(domain)).toEqual(["2.0 INTERNAL"]);
      expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", undefined, "99.0.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", "1.0", "other.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", undefined, "other.tgz")).toBeUndefined();
      expect(await domain.download("app", "thing", "2.0", "2.0.tgz")).toBe("own");
      // Who asks the store itself gets what is there.
      expect(await domain.download("store", "thing", "99.0", "99.0.tgz")).toBe("strange");
    });

  test("shows what a repository keeps from outside that takes nothing from above: somebody put it there", async () => {
    const url = await databases.fresh();
    await using domain = await domainWith(url, ["vault", "team", "app: team vault"]);
    await domain.store("team", "thing", "2.0", { "2.0.tgz": "own" });
    // The second one sets the package's upstream to BLOCK.
    for (const version of ["0.9", "1.0"])
      await domain.store(
        "vault",
        "thing",
        version,
        { [`${version}.tgz`]: "copied" },
        { origin: "EXTERNAL", upstream: "BLOCK" },
      );
    expect(await versions(domain)).toEqual(["2.0 INTERNAL", "0.9 EXTERNAL", "1.0 EXTERNAL"]);
    expect(await domain.download("app", "thing", "1.0", "1.0.tgz")).toBe("copied");
  });

  test("and taken from outside once its upstream is set to ALLOW: other versions, never this one's files", async () => {
    await using domain = await domainWith(await databases.fresh(), ["app: public:npm"]);
    await domain.store("app", "thing", "1.0", { "1.0.tgz": "own" }, { upstream: "ALLOW" });
    expect(await versions(domain)).toEqual(["1.0 INTERNAL", "99.0 EXTERNAL"]);
    expect(await domain.download("app", "thing", "1.0", "1.0.tgz")).toBe("own");
    expect(await domain.download("app", "thing", "1.0", "other.tgz")).toBeUndefined();
    expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBe("strange");
    expect(await domain.download("app", "thing", "99.0", "second.tgz")).toBeUndefined();
  });

  test("has no file of a stranger's version of the same number, in a format whose versions grow", async () => {
    await using domain = await testDomain(await databases.fresh());
    await domain.repository("app: public:py");
    domain.upstream.packages["thing"] = { "1.0": { "a.whl": "strange", "b.whl": "strange" } };
    await domain.store("app", "thing", "1.0", { "a.whl": "own" }, { format: "pypi", upstream: "ALLOW" });
    const view = await domain.view("app", "thing", "pypi");
    expect(view?.versions.flatMap(({ assets }) => assets.map(({ name }) => name))).toEqual(["a.whl"]);
    expect(await domain.download("app", "thing", "1.0", "b.whl", "pypi")).toBeUndefined();
    expect(await domain.download("app", "thing", undefined, "b.whl", "pypi")).toBeUndefined();
  });

  test("is blocked by its package group too, before anybody has published it", async () => {
    await using domain = await domainWith(await databases.fresh(), ["store: public:npm", "app: store"]);
    await domain.group("/npm//thing$", { EXTERNAL_UPSTREAM: "BLOCK" });
    expect(await versions(domain)).toBeUndefined();
    expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBeUndefined();
    expect(domain.upstream.asked).toEqual([]);
  });

  test("is let through only by the repositories that its package group lists", async () => {
    const url = await databases.fresh();
    await using domain = await domainWith(url, ["store: public:npm", "app: store", "open: public:npm"]);
    await domain.group("/npm/*", { EXTERNAL_UPSTREAM: "ALLOW_SPECIFIC_REPOSITORIES" }, ["open"]);
    expect(await versions(domain)).toBeUndefined();
    expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBeUndefined();
    expect(await domain.download("open", "thing", "99.0", "99.0.tgz")).toBe("strange");
  });

  test("is not fetched under a name that only looks like its package group's", async () => {
    await using domain = await domainWith(await databases.fresh(), ["app: public:npm"]);
    domain.upstream.packages["th1ng"] = { "1.0": { "1.0.tgz": "strange" } };
    domain.upstream.packages["Thing"] = { "1.0": { "1.0.tgz": "strange" } };
    await domain.group("/npm//thing$", {});
    expect(await domain.download("app", "Thing", "1.0", "1.0.tgz")).toBeUndefined();
    expect(await domain.view("app", "Thing")).toBeUndefined();
  });

  test("published while a stranger's version of it is being fetched, it stays alone", async () => {
    await using domain = await domainWith(await databases.fresh(), ["app: public:npm"]);
    const { promise, resolve } = Promise.withResolvers<void>();
    domain.upstream.hold = promise;
    const fetching = domain.download("app", "thing", "99.0", "99.0.tgz");
    while (!domain.upstream.asked.includes("/thing/99.0/99.0.tgz")) await setImmediate();
    await domain.store("app", "thing", "1.0", { "1.0.tgz": "own" });
    resolve();
    await fetching;
    expect(await domain.rows()).toEqual(["app: thing 1.0 INTERNAL Published 1.0.tgz"]);
    expect(await domain.download("app", "thing", "99.0", "99.0.tgz")).toBeUndefined();
  });
});
