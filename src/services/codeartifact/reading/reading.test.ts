import { expect, test } from "bun:test";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import { StorageFull } from "../../../storage/blobs/errors.ts";
import { ACCOUNT, contentOf, OTHER_ACCOUNT, packageName, testDomain } from "../testing/test-domain.ts";
import { createReading } from "./reading.ts";

const READ = "codeartifact:ReadFromRepository";

describeOnEachDatabase("reading packages", (databases) => {
  const fresh = async () => testDomain(await databases.fresh());

  test("a repository opens for its owner, says what does not exist to the owner, and nothing to strangers", async () => {
    await using domain = await fresh();
    await domain.repository("app");
    await domain.repository("shared", {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
          Action: READ,
          Resource: "*",
        },
      ],
    });
    const open = (repository: string, account = ACCOUNT, name = "things") =>
      domain.reading
        .openRepository(domain.call(account), { domain: name, owner: ACCOUNT, repository }, READ)
        .then(({ name }) => name)
        .catch((error: Error) => error.name);
    expect(await open("app")).toBe("app");
    expect(await open("none")).toBe("ResourceNotFoundException");
    expect(await open("app", ACCOUNT, "nowhere")).toBe("ResourceNotFoundException");
    expect(await open("shared", OTHER_ACCOUNT)).toBe("shared");
    for (const [repository, name] of [["app"], ["none"], ["app", "nowhere"]] as const)
      expect(await open(repository, OTHER_ACCOUNT, name)).toBe("AccessDeniedException");
  });

  test("a package is merged from the whole graph, with what is stored and what is not", async () => {
    await using domain = await fresh();
    await domain.repository("store: public:npm");
    await domain.repository("app: store");
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" }, "2.0": { "2.0.tgz": "two" } };
    domain.upstream.tags["thing"] = { latest: "2.0" };
    await domain.store(
      "app",
      "thing",
      "0.9",
      { "0.9.tgz": "own" },
      { upstream: "ALLOW", tags: ["latest", "old"] },
    );
    const view = await domain.view("app", "thing");
    expect(view?.versions.map(({ version, origin, assets }) => [version, origin, assets[0]?.stored])).toEqual(
      [
        ["0.9", "INTERNAL", true],
        ["1.0", "EXTERNAL", false],
        ["2.0", "EXTERNAL", false],
      ],
    );
    expect(view?.tags).toEqual({ latest: "2.0", old: "0.9" });
    expect(await domain.view("app", "absent")).toBeUndefined();
  });

  test("the last byte comes when the file is retained: whoever has all of it finds it, on every server", async () => {
    await using domain = await fresh();
    await domain.repository("store: public:npm");
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "x".repeat(300_000) } };
    const repository = await domain.open("store");
    const call = domain.call();
    const opened = await domain.reading.openAsset(
      call,
      repository,
      "npm",
      packageName("thing"),
      "1.0",
      "1.0.tgz",
    );
    let received = 0;
    // A client that knows the length does not wait for the end of the stream.
    for await (const chunk of (await opened?.open()) ?? []) {
      received += (chunk as Uint8Array).length;
      if (received === 300_000) break;
    }
    expect(await domain.rows()).toEqual(["store: thing 1.0 EXTERNAL Published 1.0.tgz"]);
  });

  test("what a repository behind this one keeps is downloaded also when the database has no room to retain it here", async () => {
    await using domain = await fresh();
    await domain.repository("store: public:npm");
    await domain.repository("app: store");
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" } };
    await domain.download("store", "thing", "1.0", "1.0.tgz");
    const { metadata } = domain;
    const full = {
      dialect: metadata.dialect,
      reader: metadata.reader,
      write: () => Promise.reject(new StorageFull("the disk of the metadata database is full")),
      afterCommit: () => undefined,
      close: async () => undefined,
    };
    const reading = createReading({ ...domain.context, metadata: full });
    const open = async () =>
      contentOf(
        await reading.openAsset(
          domain.call(),
          await domain.open("app"),
          "npm",
          packageName("thing"),
          "1.0",
          "1.0.tgz",
        ),
      );
    expect(await open()).toBe("one");
    expect(await domain.rows()).toEqual(["store: thing 1.0 EXTERNAL Published 1.0.tgz"]);
    expect(await domain.download("app", "thing", "1.0", "1.0.tgz")).toBe("one");
    expect(await domain.rows()).toHaveLength(2);
  });

  test("what was downloaded is retained where it was asked for and where it came in, not in between", async () => {
    await using domain = await fresh();
    await domain.repository("store: public:npm");
    await domain.repository("team: store");
    await domain.repository("app: team");
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" }, "2.0": { "2.0.tgz": "two" } };
    expect(await domain.download("app", "thing", "1.0", "1.0.tgz")).toBe("one");
    expect(await domain.rows()).toEqual([
      "app: thing 1.0 EXTERNAL Published 1.0.tgz",
      "store: thing 1.0 EXTERNAL Published 1.0.tgz",
    ]);
    const packages = await domain.metadata.reader
      .selectFrom("codeartifact_packages")
      .select(["publish", "upstream"])
      .execute();
    expect(packages).toEqual([
      { publish: "BLOCK", upstream: "ALLOW" },
      { publish: "BLOCK", upstream: "ALLOW" },
    ]);
    expect(domain.events.map(({ detail }) => [detail["repositoryName"], detail["operationType"]])).toEqual([
      ["app", "Created"],
      ["store", "Created"],
    ]);
    const references = await domain.metadata.reader.selectFrom("blob_references").selectAll().execute();
    expect(references).toHaveLength(2);
    expect(new Set(references.map(({ blob_id }) => blob_id)).size).toBe(1);

    domain.upstream.isDown = true;
    expect(await domain.download("app", "thing", "1.0", "1.0.tgz")).toBe("one");
    expect(await domain.download("team", "thing", "1.0", "1.0.tgz")).toBe("one");
    expect(await domain.rows()).toContain("team: thing 1.0 EXTERNAL Published 1.0.tgz");
  });

  test("what an upstream repository publishes is retained whole, with its origin", async () => {
    await using domain = await fresh();
    await domain.repository("team");
    await domain.repository("app: team");
    await domain.store("team", "thing", "1.0", { "a.whl": "a", "b.whl": "b" }, { format: "pypi" });
    expect(await domain.download("app", "thing", undefined, "a.whl", "pypi")).toBe("a");
    expect(await domain.rows()).toEqual([
      "app: thing 1.0 INTERNAL Published a.whl",
      "app: thing 1.0 INTERNAL Published b.whl",
      "team: thing 1.0 INTERNAL Published a.whl",
      "team: thing 1.0 INTERNAL Published b.whl",
    ]);
  });

  test("a version of outside origin gains the files that are asked for later", async () => {
    await using domain = await fresh();
    await domain.repository("app: public:py");
    domain.upstream.packages["thing"] = { "1.0": { "a.whl": "a", "b.whl": "b" } };
    expect(await domain.download("app", "thing", undefined, "a.whl", "pypi")).toBe("a");
    expect(await domain.download("app", "thing", "1.0", "b.whl", "pypi")).toBe("b");
    expect(await domain.rows()).toEqual([
      "app: thing 1.0 EXTERNAL Published a.whl",
      "app: thing 1.0 EXTERNAL Published b.whl",
    ]);
    expect(domain.events.map(({ detail }) => [detail["operationType"], detail["sequenceNumber"]])).toEqual([
      ["Created", 1],
      ["Updated", 2],
    ]);
  });

  test("of many who ask for a file at once the upstream hears once, and one version is retained", async () => {
    await using domain = await fresh();
    await domain.repository("store: public:npm");
    await domain.repository("app: store");
    await domain.repository("other: store");
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" } };
    const asking = Array.from({ length: 20 }, (_, index) =>
      domain.download(index % 2 === 0 ? "app" : "other", "thing", "1.0", "1.0.tgz"),
    );
    expect(new Set(await Promise.all(asking))).toEqual(new Set(["one"]));
    expect(domain.upstream.asked).toEqual(["/thing", "/thing/1.0/1.0.tgz"]);
    expect(await domain.rows()).toEqual([
      "app: thing 1.0 EXTERNAL Published 1.0.tgz",
      "other: thing 1.0 EXTERNAL Published 1.0.tgz",
      "store: thing 1.0 EXTERNAL Published 1.0.tgz",
    ]);
  });

  test("many versions of a package that are asked for at once are all retained", async () => {
    await using domain = await fresh();
    await domain.repository("store: public:npm");
    await domain.repository("app: store");
    const names = Array.from({ length: 40 }, (_, index) => `${index}.0`);
    domain.upstream.packages["thing"] = Object.fromEntries(
      names.map((version) => [version, { "thing.tgz": version }]),
    );
    const all = await Promise.all(
      names.map((version) => domain.download("app", "thing", version, "thing.tgz")),
    );
    expect(all).toEqual(names);
    expect(await domain.rows()).toHaveLength(80);
    const sequences = domain.events.map(
      ({ detail }) => `${detail["repositoryName"]} ${detail["sequenceNumber"]}`,
    );
    expect(new Set(sequences)).toContain("app 40");
  });

  test("two who retain the same version of an upstream repository at once retain it once", async () => {
    await using domain = await fresh();
    await domain.repository("team");
    await domain.repository("app: team");
    await domain.store("team", "thing", "1.0", { "1.0.tgz": "one" });
    const asking = Array.from({ length: 8 }, () => domain.download("app", "thing", "1.0", "1.0.tgz"));
    expect(await Promise.all(asking)).toEqual(Array(8).fill("one"));
    expect(await domain.rows()).toEqual([
      "app: thing 1.0 INTERNAL Published 1.0.tgz",
      "team: thing 1.0 INTERNAL Published 1.0.tgz",
    ]);
    expect(domain.events).toHaveLength(1);
  });

  test("what is archived is refused, and does not come from above", async () => {
    await using domain = await fresh();
    await domain.repository("team");
    await domain.repository("app: team");
    await domain.store("team", "thing", "1.0", { "1.0.tgz": "one" });
    await domain.store("app", "thing", "1.0", {}, { status: "Archived", upstream: "ALLOW" });
    await expect(domain.download("app", "thing", "1.0", "1.0.tgz")).rejects.toThrow("Archived");
    expect(await domain.view("app", "thing")).toBeUndefined();
  });

  test("without its upstreams a repository shows what it retained, and says that it may be old", async () => {
    await using domain = await fresh();
    await domain.repository("app: public:npm");
    await domain.store("app", "kept", "1.0", { "1.0.tgz": "one" }, { origin: "EXTERNAL" });
    domain.upstream.isDown = true;
    const view = await domain.view("app", "kept");
    expect(view?.stale).toBe(true);
    expect(view?.versions.map(({ version }) => version)).toEqual(["1.0"]);
    await expect(domain.view("app", "unknown")).rejects.toMatchObject({ name: "UpstreamUnavailable" });
  });

  test("a document comes from the nearest repository that has it, else from outside", async () => {
    await using domain = await fresh();
    await domain.repository("team: public:npm");
    await domain.repository("app: team");
    domain.upstream.packages["thing"] = { documents: { note: "outside", other: "outside" } };
    const read = async (document: string) => {
      const opened = await domain.open("app");
      const found = await domain.reading.getDocument(opened, "npm", packageName("thing"), document);
      return found && Buffer.from(found).toString();
    };
    await domain.store("team", "thing", "1.0", {}, { origin: "EXTERNAL" });
    expect(await read("note")).toBe("outside");
    await domain.document("team", "thing", "note", "kept above");
    expect(await read("note")).toBe("kept above");
    await domain.store("app", "thing", "2.0", {}, { upstream: "ALLOW" });
    await domain.document("app", "thing", "note", "own");
    expect(await read("note")).toBe("own");
    // A version of it is published inside now: a stranger's word about a file of that name is not shown.
    expect(await read("other")).toBeUndefined();
  });

  test("names are found as their format normalizes them, and what is no name is nowhere", async () => {
    await using domain = await fresh();
    await domain.repository("app");
    await domain.store("app", "thing", "1.0", { "a.whl": "a" }, { format: "pypi" });
    expect(await domain.download("app", "THING", "1.0", "a.whl", "pypi")).toBe("a");
    expect((await domain.view("app", "Thing", "pypi"))?.name).toEqual(packageName("thing"));
    expect(await domain.view("app", "no thing", "pypi")).toBeUndefined();
    expect(await domain.download("app", "no thing", "1.0", "a.whl", "pypi")).toBeUndefined();
  });

  test("packages of the graph are listed by name, page by page, with what the name contains", async () => {
    await using domain = await fresh();
    await domain.repository("team");
    await domain.repository("app: team");
    for (const name of ["alpha", "Beta_1", "gamma"]) await domain.store("team", name, "1.0", {});
    await domain.store("app", "alpha", "1.0", {});
    await domain.store("app", "hidden", "1.0", {}, { status: "Unlisted" });
    const opened = await domain.open("app");
    const list = async (options: { after?: string; contains?: string; limit?: number }) => {
      const { after, contains, limit = 10 } = options;
      const found = await domain.reading.listPackages(opened, "npm", {
        ...(after !== undefined && { after: packageName(after) }),
        ...(contains !== undefined && { contains }),
        limit,
      });
      return found.map(({ name }) => name);
    };
    expect(await list({})).toEqual(["Beta_1", "alpha", "gamma"]);
    expect(await list({ limit: 2 })).toEqual(["Beta_1", "alpha"]);
    expect(await list({ after: "alpha" })).toEqual(["gamma"]);
    expect(await list({ contains: "eTA_" })).toEqual(["Beta_1"]);
    expect(await list({ contains: "%" })).toEqual([]);
  });
});
