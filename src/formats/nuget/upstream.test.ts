import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { ReceivedContent, UpstreamSource } from "../../services/codeartifact/format.ts";
import { nupkg, type TestPackage } from "./testing/nupkg.ts";
import { upstream } from "./upstream.ts";

const base = "https://outside.example/v3/";
const index = {
  version: "3.0.0",
  resources: [
    { "@id": `${base}reg/`, "@type": "RegistrationsBaseUrl" },
    { "@id": `${base}reg-semver2`, "@type": ["Other/1.0", "RegistrationsBaseUrl/3.6.0"] },
    { "@id": `${base}content/`, "@type": "PackageBaseAddress/3.0.0" },
  ],
};

function leaf(version: string, more: object = {}) {
  return { catalogEntry: { id: "Acme.Core", version, published: "2026-01-02T00:00:00Z", ...more } };
}

/** An upstream with these documents, by address below its base. */
function source(documents: Record<string, unknown>): UpstreamSource {
  return {
    connection: "outside",
    baseUrl: base,
    async document(url) {
      const found = documents[url.replace(base, "")];
      if (found === undefined) return undefined;
      const bytes = Buffer.from(typeof found === "string" ? found : JSON.stringify(found));
      return { bytes, contentType: "application/json", url, revision: "1" };
    },
  };
}

const name = { namespace: "", name: "acme.core" };

describe("what another source has of a package", () => {
  test("is read from its index, and from pages of their own", async () => {
    const listing = await upstream.list(
      source({
        "index.json": index,
        "reg-semver2/acme.core/index.json": {
          items: [
            { items: [leaf("1.0"), leaf("1.1.0-Beta.1+x")] },
            { "@id": `${base}reg-semver2/acme.core/2.json` },
          ],
        },
        "reg-semver2/acme.core/2.json": {
          items: [
            leaf("2.0.0", { listed: false }),
            leaf("2.1.0", { published: "1900-01-01T00:00:00Z" }),
            leaf("no version"),
            { catalogEntry: { id: "Another", version: "3.0.0" } },
            "nonsense",
          ],
        },
      }),
      name,
    );
    expect(
      listing?.versions.map(({ version, unlisted, assets }) => [version, unlisted, assets[0]?.url]),
    ).toEqual([
      ["1.0.0", false, `${base}content/acme.core/1.0.0/acme.core.1.0.0.nupkg`],
      ["1.1.0-beta.1", false, `${base}content/acme.core/1.1.0-beta.1/acme.core.1.1.0-beta.1.nupkg`],
      ["2.0.0", true, `${base}content/acme.core/2.0.0/acme.core.2.0.0.nupkg`],
      ["2.1.0", true, `${base}content/acme.core/2.1.0/acme.core.2.1.0.nupkg`],
    ]);
    expect(listing?.versions[1]?.description.metadata).toMatchObject({
      id: "Acme.Core",
      version: "1.1.0-Beta.1+x",
    });
  });

  test("is nothing when the source does not know it", async () => {
    expect(await upstream.list(source({ "index.json": index }), name)).toBeUndefined();
  });

  test.each([
    ["no service index", {}, "no service index"],
    ["a service index that is no JSON", { "index.json": "<html>" }, "no JSON"],
    ["no registrations", { "index.json": { resources: [] } }, "no package registrations"],
    [
      "a page that is not there",
      { "index.json": index, "reg-semver2/acme.core/index.json": { items: [{}] } },
      "lacks a page",
    ],
  ])("is refused: %s", async (_what, documents, reason) => {
    await expect(upstream.list(source(documents), name)).rejects.toThrow(reason);
  });
});

describe("a package that was fetched", () => {
  const asset = { name: "acme.core.1.0.0.nupkg", url: base, integrity: {}, metadata: {} };
  const listed = {
    version: "1.0.0",
    publishedAt: undefined,
    description: { metadata: {}, licenses: [], dependencies: [] },
    assets: [asset],
  };
  function content(what: TestPackage): ReceivedContent {
    const bytes = nupkg(what);
    return {
      size: bytes.length,
      hashes: { md5: "", sha1: "", sha256: "", sha512: "" },
      open: async ({ start, end } = { start: 0, end: bytes.length - 1 }) =>
        Readable.from([Buffer.from(bytes.subarray(start, end + 1))]),
    };
  }

  test("is described by its own manifest", async () => {
    const described = await upstream.describe?.(content({ id: "Acme.Core", version: "1.0" }), asset, listed);
    expect(described?.metadata).toMatchObject({ id: "Acme.Core", authors: "Shosoin" });
  });

  test.each([
    ["another id", { id: "Evil.Core", version: "1.0.0" }],
    ["another version", { id: "Acme.Core", version: "1.0.1" }],
  ])("is refused when its manifest says %s", async (_what, lie) => {
    await expect(upstream.describe?.(content(lie), asset, listed)).rejects.toThrow("calls itself");
  });
});
