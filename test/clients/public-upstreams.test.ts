/** The real public upstreams, at the addresses that the connections' names tell, directly and through a proxy's tunnel. */
import { expect, test } from "bun:test";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { buffer } from "node:stream/consumers";
import {
  type ConnectionSettings,
  PUBLIC_CONNECTIONS,
} from "../../src/services/codeartifact/upstreams/connections.ts";
import {
  hashesOf,
  keeping,
  openUpstreams,
  testFormat,
} from "../../src/services/codeartifact/upstreams/testing/open-upstreams.ts";

function connectionOf(name: string): ConnectionSettings {
  const connection = PUBLIC_CONNECTIONS.find((each) => each.name === name);
  if (!connection) throw new Error(`there is no ${name}`);
  return connection;
}

interface Packument {
  readonly versions: Record<
    string,
    { readonly dist: { readonly tarball: string; readonly integrity: string } }
  >;
}

/** As much of npm's document as says where a tarball is, and its sha512. */
const npm = testFormat({
  async list(source, { name }) {
    const document = await source.document(name);
    if (!document) return undefined;
    const { versions } = JSON.parse(Buffer.from(document.bytes).toString()) as Packument;
    const entries = Object.entries(versions).map(([version, { dist }]) => ({
      version,
      publishedAt: undefined,
      description: { metadata: {}, licenses: [], dependencies: [] },
      assets: [
        {
          name: "package.tgz",
          url: dist.tarball,
          integrity: { sha512: Buffer.from(dist.integrity.replace("sha512-", ""), "base64").toString("hex") },
          metadata: {},
        },
      ],
    }));
    return { versions: entries, tags: {}, metadata: {} };
  },
});

const NAME = { namespace: "", name: "isarray" };

async function fetchIsarray(proxy?: string): Promise<void> {
  const connection = connectionOf("public:npmjs");
  await using open = await openUpstreams({
    timeoutSeconds: 30,
    connection: { ...connection, ...(proxy === undefined ? {} : { proxy }) },
  });
  const { listing, revision } = await open.upstreams.list(connection.name, npm, NAME);
  const version = listing?.versions.find((each) => each.version === "2.0.5");
  const asset = version?.assets[0];
  if (!version || !asset) throw new Error("isarray 2.0.5 is not there");

  const { commit, kept } = keeping(open.blobs);
  const wanted = { connection: connection.name, format: npm, name: NAME, version, asset, place: "test" };
  const fetched = await open.upstreams.fetchAsset(wanted, commit);
  if (!fetched) throw new Error("its tarball is not there");
  const bytes = await buffer(await fetched.stream());
  await fetched.stored;
  expect(hashesOf(bytes).sha512).toBe(asset.integrity.sha512 ?? "");
  expect(kept).toEqual([hashesOf(bytes).sha256]);

  open.clock.turn(3_600_000);
  expect(await open.upstreams.list(connection.name, npm, NAME)).toMatchObject({ revision, stale: false });
}

test("a package of npm comes with its listing and a tarball of the sha512 that the listing says", () =>
  fetchIsarray());

test("the same through a proxy", async () => {
  const tunnels: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket) => {
    const [host = "", port = "443"] = (request.url ?? "").split(":");
    tunnels.push(host);
    const target = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    target.on("error", () => socket.destroy());
    socket.on("error", () => target.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    await fetchIsarray(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    expect(tunnels).toContain(new URL(connectionOf("public:npmjs").baseUrl).hostname);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test.each([
  ["public:pypi", "six/", "six"],
  ["public:maven-central", "junit/junit/maven-metadata.xml", "<artifactId>junit</artifactId>"],
])("%s answers at the address that its name tells", async (name, path, text) => {
  const connection = connectionOf(name);
  await using open = await openUpstreams({ timeoutSeconds: 30, connection });
  const document = await open.upstreams.source(name).document(path);
  expect(Buffer.from(document?.bytes ?? []).toString()).toContain(text);
});

test("a part of a file of Maven Central comes without the rest", async () => {
  const connection = connectionOf("public:maven-central");
  await using open = await openUpstreams({ timeoutSeconds: 30, connection });
  const part = await open.upstreams.source(connection.name).part?.("junit/junit/4.13.2/junit-4.13.2.jar", {
    last: 22,
  });
  // The end of a ZIP file without a comment.
  expect(
    Buffer.from(part?.bytes ?? [])
      .subarray(0, 4)
      .toString("latin1"),
  ).toBe("PK\x05\x06");
});
