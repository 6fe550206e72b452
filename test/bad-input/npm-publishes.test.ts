import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { CodeartifactClient, ListPackagesCommand } from "@aws-sdk/client-codeartifact";
import { pack } from "tar-stream";
import { DOMAIN, endpointOf, makeRepositories, tokenOf } from "../clients/package-repositories.ts";
import { RunningServer } from "../running-server.ts";

setDefaultTimeout(60_000);

interface Entry {
  readonly name: string;
  readonly text?: string;
  readonly linkname?: string;
}

async function tarball(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  // The same files are the same bytes.
  const mtime = new Date(0);
  for (const { name, text = "", linkname } of entries)
    if (linkname === undefined) archive.entry({ name, mtime }, text);
    else archive.entry({ name, mtime, type: "symlink", linkname });
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

const packageJson = (fields: object = {}): Entry => ({
  name: "package/package.json",
  text: JSON.stringify({ name: "bad", version: "1.0.0", ...fields }),
});

function document(
  bytes: Uint8Array,
  manifest: object = {},
  fields: object = {},
  file = "bad-1.0.0.tgz",
): string {
  return JSON.stringify({
    _id: "bad",
    name: "bad",
    "dist-tags": { latest: "1.0.0" },
    versions: { "1.0.0": { name: "bad", version: "1.0.0", ...manifest } },
    ...fields,
    _attachments: { [file]: { data: Buffer.from(bytes).toString("base64"), length: bytes.length } },
  });
}

interface Bad {
  readonly what: string;
  readonly body: () => string | Promise<string>;
  readonly reason: string;
  readonly path?: string;
}

const good = (): Promise<Buffer> => tarball([packageJson()]);

const TABLE: readonly Bad[] = [
  { what: "no gzip", body: () => document(Buffer.from("no archive at all")), reason: "damaged" },
  { what: "no tar", body: () => document(gzipSync("no archive at all")), reason: "archive" },
  {
    what: "a tar that breaks off",
    body: async () => document((await good()).subarray(0, 60)),
    reason: "damaged",
  },
  { what: "an empty file", body: () => document(Buffer.alloc(0)), reason: "archive" },
  {
    what: "a gzip bomb",
    body: () => document(gzipSync(Buffer.alloc(400_000_000))),
    reason: "times its size",
  },
  {
    what: "a path out of the package",
    body: async () => document(await tarball([packageJson(), { name: "package/../../etc/x" }])),
    reason: "leads out",
  },
  {
    what: "an absolute path",
    body: async () => document(await tarball([packageJson(), { name: "/etc/x" }])),
    reason: "leads out",
  },
  {
    what: "a link out of the package",
    body: async () =>
      document(await tarball([packageJson(), { name: "package/x", linkname: "../../etc/passwd" }])),
    reason: "leads out",
  },
  {
    what: "no package.json",
    body: async () => document(await tarball([{ name: "package/index.js" }])),
    reason: "no package/package.json",
  },
  {
    what: "two package.json, of which clients would take the second",
    body: async () =>
      document(await tarball([packageJson(), { ...packageJson(), name: "other/package.json" }])),
    reason: "more than one package.json",
  },
  {
    what: "a package.json that is none",
    body: async () => document(await tarball([{ name: "package/package.json", text: "{" }])),
    reason: "no JSON",
  },
  {
    what: "a deep package.json",
    body: async () =>
      document(await tarball([{ name: "package/package.json", text: '{"a":'.repeat(50_000) }])),
    reason: "nests deeper",
  },
  {
    what: "another name inside",
    body: async () => document(await tarball([packageJson({ name: "good" })])),
    reason: 'says the name \\"good\\"',
  },
  {
    what: "another version inside",
    body: async () => document(await tarball([packageJson({ version: "2.0.0" })])),
    reason: 'says the version \\"2.0.0\\"',
  },
  {
    what: "another name in the manifest",
    body: async () => document(await good(), { name: "good" }),
    reason: 'says the name \\"good\\"',
  },
  {
    what: "another name in the document",
    body: async () => document(await good(), {}, { name: "good" }),
    reason: "was sent for bad",
  },
  {
    what: "a dependency that only package.json has",
    body: async () => document(await tarball([packageJson({ dependencies: { evil: "1.0.0" } })])),
    reason: "differ in dependencies",
  },
  {
    what: "a script that only package.json has",
    body: async () => document(await tarball([packageJson({ scripts: { postinstall: "evil" } })])),
    reason: "differ in the script postinstall",
  },
  {
    what: "a wrong shasum",
    body: async () => document(await good(), { dist: { shasum: "0".repeat(40) } }),
    reason: "shasum",
  },
  {
    what: "a wrong integrity",
    body: async () =>
      document(await good(), {
        dist: { integrity: `sha512-${createHash("sha512").update("other").digest("base64")}` },
      }),
    reason: "integrity",
  },
  {
    what: "an integrity of an algorithm nobody knows",
    body: async () => document(await good(), { dist: { integrity: "md4-AAAA" } }),
    reason: "integrity",
  },
  {
    what: "a wrong length",
    body: async () => document(await good()).replace(/"length":\d+/, '"length":1'),
    reason: "has",
  },
  {
    what: "what is no base64",
    body: () => document(Buffer.alloc(3)).replace('"data":"AAAA"', '"data":"A*AA"'),
    reason: "not base64",
  },
  {
    what: "a file of another name",
    body: async () => document(await good(), {}, {}, "other-1.0.0.tgz"),
    reason: "is not called bad-<version>.tgz",
  },
  {
    what: "a file whose version is none",
    body: async () => document(await good(), {}, {}, "bad-1.0.tgz"),
    reason: "is not called bad-<version>.tgz",
  },
  {
    what: "no manifest of the version",
    body: async () => document(await good(), {}, { versions: {} }),
    reason: "no manifest",
  },
  {
    what: "a tag that reads as a version",
    body: async () => document(await good(), {}, { "dist-tags": { "1.0.0": "1.0.0" } }),
    reason: "cannot be a tag",
  },
  {
    what: "two packages at once",
    body: async () =>
      document(await good()).replace('"_attachments":{', '"_attachments":{"bad-0.0.1.tgz":{"data":""},'),
    reason: "",
  },
  { what: "a document that breaks off", body: async () => document(await good()).slice(0, -10), reason: "" },
  { what: "a deep document", body: () => '{"a":'.repeat(100_000), reason: "nests deeper" },
  { what: "no document", body: () => "nonsense", reason: "JSON" },
  { what: "a document without anything", body: () => "{}", reason: "nothing to do" },
  { what: "a name that is none", path: "..%2fbad", body: () => "{}", reason: "is not a name" },
  { what: "an empty scope", path: "@%2fbad", body: () => "{}", reason: "empty scope" },
];

/** Packages that nobody should have sent: each is refused with a reason, nothing of it is kept, and good ones go on. */
describe("npm packages that are refused", () => {
  let server: RunningServer;
  let endpoint: string;
  let token: string;
  let api: CodeartifactClient;

  const put = (path: string, body: string): Promise<Response> =>
    fetch(`${endpoint}${path}`, { method: "PUT", body, headers: { authorization: `Bearer ${token}` } });

  beforeAll(async () => {
    server = await RunningServer.start();
    await makeRepositories(server, "npm-store", "public:npmjs");
    endpoint = await endpointOf(server, "npm");
    token = await tokenOf(server);
    api = new CodeartifactClient({
      endpoint: server.url,
      region: "us-east-1",
      credentials: server.rootKey,
    });
  });
  afterAll(async () => {
    api.destroy();
    await server.stop();
  });
  afterEach(async () => {
    const bytes = await tarball([{ ...packageJson({ name: "@acme/good" }) }]);
    const text = document(bytes)
      .replaceAll('"bad"', '"@acme/good"')
      .replaceAll("bad-1.0.0", "@acme/good-1.0.0");
    expect((await put("@acme%2fgood", text)).status).toBe(201);
    const { packages = [] } = await api.send(
      new ListPackagesCommand({ domain: DOMAIN, repository: "my-packages" }),
    );
    expect(packages.map((entry) => entry.package)).toEqual(["good"]);
  });

  for (const { what, body, reason, path = "bad" } of TABLE)
    test(what, async () => {
      const answer = await put(path, await body());
      const text = await answer.text();
      expect(answer.status).toBe(400);
      expect(text).toStartWith('{"error":"');
      expect(text).toContain(reason);
    });
});
