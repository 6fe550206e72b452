/** Who may only read a repository, and an account that may do nothing, at every door of packages and with every verb. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  CodeartifactClient,
  CreateDomainCommand,
  CreateRepositoryCommand,
  GetAuthorizationTokenCommand,
  PutDomainPermissionsPolicyCommand,
  PutRepositoryPermissionsPolicyCommand,
} from "@aws-sdk/client-codeartifact";
import { nupkg } from "../../src/formats/nuget/testing/nupkg.ts";
import { createAccount } from "../another-account.ts";
import { type RootKey, RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";

setDefaultTimeout(60_000);

const OWNER = "123456789012";
const READER = "210987654321";
const METADATA = `<metadata><groupId>org.x</groupId><artifactId>lib</artifactId><versioning>
  <latest>1.0</latest><versions><version>1.0</version></versions></versioning></metadata>`;
const MULTIPART = { "Content-Type": "multipart/form-data; boundary=B" };

function form(content: Uint8Array | string): Buffer {
  const head = '--B\r\nContent-Disposition: form-data; name="package"; filename="p.nupkg"\r\n\r\n';
  return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from("\r\n--B--\r\n")]);
}

function allow(...actions: string[]): string {
  const statement = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${READER}:root` }, Resource: "*" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Action: actions }] });
}

interface Attempt {
  readonly format: "npm" | "pypi" | "maven" | "nuget";
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

const npm = (method: string, path: string, body?: string): Attempt => ({
  format: "npm",
  method,
  path,
  ...(body === undefined ? {} : { body }),
});

const WRITES: readonly Attempt[] = [
  npm("PUT", "thing", '{"name":"thing","versions":{"1.0.0":{"deprecated":"no"}}}'),
  npm(
    "PUT",
    "thing",
    '{"name":"thing","versions":{"9.0.0":{}},"_attachments":{"thing-9.0.0.tgz":{"data":"AAAA","length":3}}}',
  ),
  npm("PUT", "-/package/thing/dist-tags/beta", '"1.0.0"'),
  npm("DELETE", "-/package/thing/dist-tags/beta"),
  { format: "maven", method: "PUT", path: "org/x/lib/1.0/lib-1.0.txt", body: "x" },
  { format: "maven", method: "PUT", path: "org/x/lib/1.0/lib-1.0.jar.sha1", body: "0".repeat(40) },
  { format: "maven", method: "PUT", path: "org/x/lib/maven-metadata.xml", body: METADATA },
  { format: "maven", method: "PUT", path: "org/x/lib/maven-metadata.xml.sha1", body: "0".repeat(40) },
  { format: "nuget", method: "PUT", path: "v3/package", body: form("not looked at"), headers: MULTIPART },
  { format: "nuget", method: "PUT", path: "v3/symbolpackage", body: form("nor this"), headers: MULTIPART },
  { format: "nuget", method: "DELETE", path: "v3/package/good/1.0.0" },
  { format: "nuget", method: "POST", path: "v3/package/good/1.0.0" },
  { format: "pypi", method: "POST", path: "", body: form("not looked at"), headers: MULTIPART },
  { format: "pypi", method: "PUT", path: "simple/thing/1.0/yanked", body: "no" },
  { format: "pypi", method: "DELETE", path: "simple/thing/1.0/yanked" },
];

const READS: Readonly<Record<Attempt["format"], readonly string[]>> = {
  npm: ["thing", "thing/latest", "thing/-/thing-1.0.0.tgz", "-/package/thing/dist-tags"].concat([
    "-/v1/search?text=",
    "-/npm/v1/keys",
    "-/npm/v1/attestations/thing@1.0.0",
  ]),
  pypi: ["simple/", "simple/thing/", "simple/thing/1.0/thing-1.0.tar.gz"].concat(
    ["simple/thing/thing-1.0.tar.gz", "simple/thing/1.0/thing-1.0.tar.gz.metadata"],
    ["simple/thing/1.0/thing-1.0.tar.gz.provenance"],
  ),
  maven: [
    "org/x/lib/1.0/lib-1.0.jar",
    "org/x/lib/1.0/lib-1.0.jar.sha1",
    "org/x/lib/maven-metadata.xml",
  ].concat(["org/x/lib/maven-metadata.xml.md5", "org/x/maven-metadata.xml"]),
  nuget: ["v3/index.json", "v3/query?q=", "v3/autocomplete?q=", "v3/registration/good/index.json"].concat(
    ["v3/flatcontainer/good/index.json", "v3/flatcontainer/good/1.0.0/good.1.0.0.nupkg"],
    ["v3/flatcontainer/good/1.0.0/good.nuspec", "v3/readme/good/1.0.0"],
  ),
};

describe("package doors and who may only read", () => {
  const started = new Started();
  let port: number;
  let reader: string;

  beforeAll(async () => {
    const server = await started.add(RunningServer.start(), (running) => running.stop());
    port = server.port;
    const clientOf = (credentials: RootKey) =>
      new CodeartifactClient({ endpoint: server.url, region: "us-east-1", credentials, maxAttempts: 1 });
    const owner = clientOf(server.rootKey);
    const domain = "things";
    await owner.send(new CreateDomainCommand({ domain }));
    for (const repository of ["team", "closed"])
      await owner.send(new CreateRepositoryCommand({ domain, repository }));
    await owner.send(
      new PutDomainPermissionsPolicyCommand({
        domain,
        policyDocument: allow("codeartifact:GetAuthorizationToken"),
      }),
    );
    const policyDocument = allow("codeartifact:ReadFromRepository");
    await owner.send(
      new PutRepositoryPermissionsPolicyCommand({ domain, repository: "team", policyDocument }),
    );
    const { authorizationToken } = await owner.send(new GetAuthorizationTokenCommand({ domain }));
    const put = (format: string, path: string, body: Uint8Array | string, headers = {}) =>
      send({ format, method: "PUT", path, body, headers } as Attempt, "team", authorizationToken ?? "");
    expect((await put("maven", "org/x/lib/1.0/lib-1.0.jar", "jar")).status).toBe(201);
    const good = form(nupkg({ id: "Good", version: "1.0.0" }));
    expect((await put("nuget", "v3/package", good, MULTIPART)).status).toBe(201);

    const key = await createAccount(server, READER);
    const asked = new GetAuthorizationTokenCommand({ domain, domainOwner: OWNER });
    reader = (await clientOf(key).send(asked)).authorizationToken ?? "";
  });
  afterAll(() => started.end());

  function send(attempt: Attempt, repository: string, token: string): Promise<RawAnswer> {
    const { format, method, path, body, headers } = attempt;
    return sendRaw(port, {
      method,
      target: `/-/codeartifact/us-east-1/things-${OWNER}/${format}/${repository}/${path}`,
      headers: { Authorization: `Bearer ${token}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  test.each(
    WRITES.map((attempt) => [`${attempt.format} ${attempt.method} ${attempt.path}`, attempt] as const),
  )("%s needs more than the right to read", async (_, attempt) => {
    const answer = await send(attempt, "team", reader);
    expect([answer.status, answer.body]).toEqual([
      403,
      expect.stringContaining("is not authorized to perform"),
    ]);
  });

  test.each([
    ["npm", "PUT", "thing"],
    ["npm", "PUT", "thing/-rev/1-0"],
    ["npm", "POST", "-/npm/v1/security/audits"],
    ["npm", "POST", "-/npm/v1/security/advisories/bulk"],
    ["pypi", "POST", ""],
    ["maven", "PUT", "org/x/lib/maven-metadata.xml"],
    ["nuget", "PUT", "v3/package"],
  ] as const)(
    "%s %s %s of who may nothing is refused before it is received",
    async (format, method, path) => {
      const body = "no document of any kind";
      const answer = await send({ format, method, path, body, headers: MULTIPART }, "closed", reader);
      expect([answer.status, answer.body]).toEqual([
        403,
        expect.stringContaining("is not authorized to perform"),
      ]);
    },
  );

  test("the same is read where that is allowed", async () => {
    const read = { format: "maven", method: "GET", path: "org/x/lib/1.0/lib-1.0.jar" } as const;
    expect(await send(read, "team", reader)).toMatchObject({ status: 200, body: "jar" });
  });

  for (const [format, paths] of Object.entries(READS) as [Attempt["format"], readonly string[]][])
    test(`nothing of ${format} is told of a repository that may not be read, not even whether it is there`, async () => {
      for (const path of paths) {
        const [closed, absent] = await Promise.all(
          ["closed", "closee"].map((repository) => send({ format, method: "GET", path }, repository, reader)),
        );
        expect([path, closed?.status]).toEqual([path, 403]);
        expect(absent?.body).toBe((closed?.body ?? "").replaceAll("closed", "closee"));
      }
    });
});
