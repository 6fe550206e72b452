import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import {
  CodeartifactClient,
  CreateDomainCommand,
  CreateRepositoryCommand,
  GetAuthorizationTokenCommand,
  GetRepositoryEndpointCommand,
  ListPackagesCommand,
} from "@aws-sdk/client-codeartifact";
import { nupkg, nuspec } from "../../src/formats/nuget/testing/nupkg.ts";
import { zipArchive } from "../../src/formats/pypi/testing/zip-archive.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";

setDefaultTimeout(60_000);

const REPOSITORY = { domain: "things", repository: "team" };

/** Pushes that nobody should have sent: each is refused with a reason, nothing of it is kept, and good ones go on. */
describe("pushes of NuGet packages", () => {
  const started = new Started();
  let api: CodeartifactClient;
  let endpoint: string;
  let token: string;
  let pushed = 0;

  beforeAll(async () => {
    const server = await started.add(RunningServer.start(), (running) => running.stop());
    const credentials = server.rootKey;
    api = new CodeartifactClient({ endpoint: server.url, region: "us-east-1", credentials, maxAttempts: 1 });
    await api.send(new CreateDomainCommand({ domain: "things" }));
    await api.send(new CreateRepositoryCommand(REPOSITORY));
    const answer = await api.send(new GetRepositoryEndpointCommand({ ...REPOSITORY, format: "nuget" }));
    endpoint = answer.repositoryEndpoint ?? "";
    token = (await api.send(new GetAuthorizationTokenCommand({ domain: "things" }))).authorizationToken ?? "";
  });
  afterAll(() => started.end());
  afterEach(async () => {
    pushed += 1;
    expect((await push(nupkg({ id: "Good", version: `1.0.${pushed}` }))).status).toBe(201);
    const { packages = [] } = await api.send(new ListPackagesCommand(REPOSITORY));
    expect(packages.map((entry) => entry.package)).toEqual(["good"]);
  });

  function push(bytes: Uint8Array, path = "v3/package"): Promise<Response> {
    const body = new FormData();
    body.append("package", new Blob([new Uint8Array(bytes)]), "package.nupkg");
    return fetch(`${endpoint}${path}`, { method: "PUT", headers: { "X-NuGet-ApiKey": token }, body });
  }

  const good = nupkg({ id: "Bad", version: "1.0.0" });
  test.each([
    [
      "a zip bomb",
      () => nupkg({ id: "Bad", version: "1.0.0", files: { zeros: "0".repeat(100_000_000) } }),
      "times larger",
    ],
    [
      "a path out of the package",
      () => nupkg({ id: "Bad", version: "1.0.0", files: { "../../x.dll": "" } }),
      "relative path",
    ],
    ["a zip that was cut off", () => good.subarray(0, good.length - 100), "damaged"],
    ["an empty file", () => new Uint8Array(), "damaged"],
    [
      "XML entities",
      () => zipArchive({ "a.nuspec": `<!DOCTYPE a [<!ENTITY b "c">]>${nuspec("Bad", "1.0")}` }),
      "document type",
    ],
    [
      "an id that is a path",
      () => zipArchive({ "a.nuspec": nuspec("../Bad", "1.0") }),
      "not a NuGet package id",
    ],
    ["no version number", () => zipArchive({ "a.nuspec": nuspec("Bad", "latest") }), "not a NuGet version"],
  ] as const)("%s", async (_what, bytes, reason) => {
    const answer = await push(bytes());
    expect(answer.status).toBe(400);
    expect(answer.statusText).toContain(reason);
    expect(await answer.text()).toContain(reason);
  });

  test("symbols of a package that is not there", async () => {
    const answer = await push(nupkg({ id: "Bad", version: "1.0.0" }), "v3/symbolpackage");
    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringContaining("push it before its symbols"),
    ]);
  });

  test("a body that is no form, a form without a file, and one with two", async () => {
    const headers = { Authorization: `Bearer ${token}` };
    const put = (body: string | FormData) => fetch(`${endpoint}v3/package`, { method: "PUT", headers, body });
    expect((await put("PK")).status).toBe(400);
    const empty = new FormData();
    empty.append("package", "text");
    expect((await put(empty)).status).toBe(400);
    const two = new FormData();
    for (const name of ["a", "b"]) two.append(name, new Blob([new Uint8Array(good)]), `${name}.nupkg`);
    expect((await put(two)).status).toBe(400);
  });

  test("a client that goes away in the middle", async () => {
    const { hostname, port, pathname } = new URL(`${endpoint}v3/package`);
    const head = `PUT ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100000\r\n`;
    const part = `--x\r\nContent-Disposition: form-data; name="p"; filename="p.nupkg"\r\nContent-Type: application/octet-stream\r\n\r\n`;
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(`${head}Content-Type: multipart/form-data; boundary=x\r\n\r\n${part}`);
        socket.write(good, () => socket.destroy());
      });
      socket.on("close", () => resolve());
      socket.on("error", reject);
    });
  });

  test("a push without a token is not read", async () => {
    const body = new FormData();
    body.append("package", new Blob([new Uint8Array(good)]), "package.nupkg");
    const answer = await fetch(`${endpoint}v3/package`, { method: "PUT", body });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("Basic"),
    ]);
  });
});
