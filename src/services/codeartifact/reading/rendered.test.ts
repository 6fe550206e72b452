import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { describeOnEachDatabase } from "../../../../test/contract/databases.ts";
import type { PackageView } from "../engine.ts";
import { touchGraph } from "../revisions.ts";
import { packageName, type TestDomain, testDomain } from "../testing/test-domain.ts";
import { ByteBoundedCache } from "./byte-bounded-cache.ts";

/** A document that lists versions, and how often one was made. */
function documents(domain: TestDomain) {
  const counted = {
    made: 0,
    async of(name: string, reading = domain.reading, representation = "plain") {
      const opened = await domain.open("app");
      return reading.rendered(opened, "npm", packageName(name), representation, (view: PackageView) => {
        counted.made += 1;
        return { contentType: "text/plain", body: view.versions.map(({ version }) => version).join(" ") };
      });
    },
    async text(name: string, reading = domain.reading) {
      const document = await counted.of(name, reading);
      return document && gunzipSync(document.gzip).toString();
    },
  };
  return counted;
}

describeOnEachDatabase("a rendered document", (databases) => {
  const fresh = async () => {
    const domain = await testDomain(await databases.fresh());
    await domain.repository("store: public:npm");
    await domain.repository("app: store");
    return domain;
  };

  test("is made once, however many ask, and again for each representation", async () => {
    await using domain = await fresh();
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" } };
    const made = documents(domain);
    const all = await Promise.all(Array.from({ length: 20 }, () => made.of("thing")));
    expect(made.made).toBe(1);
    expect(domain.upstream.asked).toEqual(["/thing"]);
    expect(new Set(all).size).toBe(1);
    expect(Buffer.from(all[0]?.identity() ?? []).toString()).toBe("1.0");
    expect(all[0]).toMatchObject({ contentType: "text/plain", size: 3, stale: false });
    const other = await made.of("thing", domain.reading, "other");
    expect(made.made).toBe(2);
    expect(other?.etag).toBe(all[0]?.etag ?? "");
  });

  test("of a package that is nowhere is undefined, and nobody looks again", async () => {
    await using domain = await fresh();
    const made = documents(domain);
    expect(await made.of("nothing")).toBeUndefined();
    expect(await made.of("nothing")).toBeUndefined();
    expect(domain.upstream.asked).toEqual(["/nothing"]);
  });

  test("shows at once what is stored, also by another server, and what a change of the graph brings", async () => {
    await using domain = await fresh();
    const made = documents(domain);
    const another = domain.another();
    await domain.store("app", "thing", "1.0", {}, { upstream: "ALLOW" });
    expect(await made.text("thing")).toBe("1.0");
    expect(await made.text("thing", another)).toBe("1.0");
    await domain.store("app", "thing", "2.0", {}, { upstream: "ALLOW" });
    expect(await made.text("thing", another)).toBe("1.0 2.0");
    expect(await made.text("thing")).toBe("1.0 2.0");
    await domain.repository("team");
    await domain.store("team", "thing", "3.0", {}, { upstream: "ALLOW" });
    expect(await made.text("thing")).toBe("1.0 2.0");
    await domain.metadata.write(async (tx) => {
      await tx
        .insertInto("codeartifact_upstreams")
        .values({ repository_id: "id-of-app", position: 1, upstream_id: "id-of-team" })
        .execute();
      await touchGraph(tx, "domain-1");
    });
    expect(await made.text("thing")).toBe("1.0 2.0 3.0");
    expect(await made.text("thing", another)).toBe("1.0 2.0 3.0");
  });

  test("is kept when the upstream says again what it said, and made anew when it says more", async () => {
    await using domain = await fresh();
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" } };
    const made = documents(domain);
    expect(await made.text("thing")).toBe("1.0");
    domain.now = new Date(domain.now.getTime() + 61_000);
    expect(await made.text("thing")).toBe("1.0");
    expect(domain.upstream.asked).toHaveLength(2);
    expect(made.made).toBe(1);
    expect(await made.text("thing")).toBe("1.0");
    expect(domain.upstream.asked).toHaveLength(2);
    domain.upstream.packages["thing"]["2.0"] = { "2.0.tgz": "two" };
    expect(await made.text("thing")).toBe("1.0");
    domain.now = new Date(domain.now.getTime() + 61_000);
    expect(await made.text("thing")).toBe("1.0 2.0");
    expect(made.made).toBe(2);
  });

  test("says that it may be old while the upstream is down, and no longer than that", async () => {
    await using domain = await fresh();
    domain.upstream.packages["thing"] = { "1.0": { "1.0.tgz": "one" } };
    const made = documents(domain);
    await made.of("thing");
    domain.upstream.isDown = true;
    domain.now = new Date(domain.now.getTime() + 61_000);
    expect(await made.of("thing")).toMatchObject({ stale: true, size: 3 });
    domain.upstream.isDown = false;
    domain.now = new Date(domain.now.getTime() + 600_000);
    expect(await made.of("thing")).toMatchObject({ stale: false, size: 3 });
  });

  test("a document that cannot be made is tried again", async () => {
    await using domain = await fresh();
    await domain.store("app", "thing", "1.0", {});
    const opened = await domain.open("app");
    const broken = domain.reading.rendered(opened, "npm", packageName("thing"), "plain", () => {
      throw new Error("broken");
    });
    await expect(broken).rejects.toThrow("broken");
    expect(await documents(domain).text("thing")).toBe("1.0");
  });
});

test("the cache keeps to its bytes and forgets what was not used", () => {
  const cache = new ByteBoundedCache<{ bytes: number }>(1_000);
  const entry = () => ({ bytes: 100 });
  for (let index = 0; index < 1_000; index++) {
    cache.set(String(index), entry());
    cache.get("0");
    expect(cache.bytes).toBeLessThanOrEqual(1_000);
  }
  expect(cache.get("0")).toBeDefined();
  expect(cache.get("500")).toBeUndefined();
  cache.set("0", { bytes: 501 });
  expect(cache.get("0")).toBeUndefined();
});
