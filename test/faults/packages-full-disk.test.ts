/** A disk without room: each client is told so when it publishes, and installs of what is kept go on. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { nupkg } from "../../src/formats/nuget/testing/nupkg.ts";
import { describeWithClients } from "../client.ts";
import { NodeHome } from "../clients/node-home.ts";
import { DOMAIN, MY_PACKAGES, makeRepositoriesOfBoth, tokenOf } from "../clients/package-repositories.ts";
import { PythonHome } from "../clients/python-home.ts";
import { publication, tarballOf, uploadOf, wheelName, wheelOf } from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { RunningServer } from "../running-server.ts";
import { describeWithSmallDisks, fileOfSize, fill, freeBytes, MIB, smallDisk } from "../small-disk.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(120_000);

const FULL = /(?:disk|storage|space|room).*(?:full|space|room)/i;

describeWithSmallDisks("a full disk", () =>
  describeWithClients("with packages", ["aws", "npm", "pip", "twine"], () => {
    const started = new Started();
    let disk: string;
    let folder: string;
    let upstream: LocalUpstream;
    let server: RunningServer;
    let token: string;

    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...init.headers },
      });
    const json = { "content-type": "application/json" };
    const publishNpm = async (name: string, version: string): Promise<Response> =>
      ask(`npm/my-packages/${name}`, {
        method: "PUT",
        body: publication(name, version, await tarballOf(name, version)),
        headers: json,
      });
    const publishings: Readonly<Record<string, () => Promise<Response>>> = {
      npm: () => publishNpm("refused", "1.0.0"),
      pypi: async () => {
        const { contentType, bytes } = await uploadOf("refused", "1.0", wheelOf("refused", "1.0"));
        const headers = { "content-type": contentType };
        return ask("pypi/my-packages/", { method: "POST", body: bytes, headers });
      },
      maven: () =>
        ask("maven/my-packages/com/acme/refused/1.0/refused-1.0.jar", { method: "PUT", body: "a jar" }),
      nuget: () => {
        const form = new FormData();
        form.append(
          "package",
          new Blob([new Uint8Array(nupkg({ id: "Refused", version: "1.0.0" }))]),
          "p.nupkg",
        );
        const headers = { "x-nuget-apikey": token };
        return ask("nuget/my-packages/v3/package", { method: "PUT", body: form, headers });
      },
    };

    beforeAll(async () => {
      folder = (await started.add(temporaryFolder("packages-disk"), (each) => each.remove())).path;
      disk = (await started.add(smallDisk(128), (each) => each.remove())).path;
      upstream = await started.add(LocalUpstream.start(), (each) => each.goAway());
      for (const name of ["kept", "seen", "glimpsed", "unseen"]) {
        upstream.addNpm(name, "1.0.0", await tarballOf(name, "1.0.0", "x".repeat(200_000)));
        upstream.addPypi(name, "1.0", wheelOf(name, "1.0"));
      }
      const args = [...upstream.args, "--min-free-disk", `${16 * MIB}`];
      server = await started.add(RunningServer.start({ data: `${disk}/data`, args }), (each) => each.stop());
      await makeRepositoriesOfBoth(server);
      token = await tokenOf(server);
    });
    afterAll(() => started.end());

    test("publishes are refused and say why; what is kept installs, also where it is not retained yet; deletes make room", async () => {
      const node = new NodeHome(join(folder, "node"), server);
      const python = new PythonHome(join(folder, "python"), server);
      await node.run("aws", ["codeartifact", "login", "--tool", "npm", ...MY_PACKAGES]);
      await python.run("aws", ["codeartifact", "login", "--tool", "pip", ...MY_PACKAGES]);
      let installs = 0;
      const npmInstall = (name: string) => {
        const [target, cache] = [`app-${++installs}`, join(folder, `cache-${installs}`)];
        node.write(`${target}/package.json`, { name: "app", version: "1.0.0" });
        const args = ["install", "--no-audit", "--no-fund", "--cache", cache, name];
        return node.try("npm", args, { folder: target });
      };
      const pipInstall = (name: string) => {
        const target = join(folder, `pip-${++installs}`);
        return python.try("pip", ["install", "--no-cache-dir", "--retries", "0", "--target", target, name]);
      };
      expect((await publishNpm("ours", "1.0.0")).ok).toBe(true);
      expect((await publishNpm("ours", "1.1.0")).ok).toBe(true);
      for (const install of [npmInstall("kept"), pipInstall("kept")]) expect((await install).code).toBe(0);
      // Retained in the store behind it, not in my-packages.
      for (const name of ["seen", "glimpsed"])
        expect((await ask(`npm/store/${name}/-/${name}-1.0.0.tgz`)).status).toBe(200);

      await fileOfSize(`${disk}/data/metadata.db-reserve`, 16 * MIB);
      await fill(disk);
      expect(freeBytes(disk)).toBe(0);

      for (const [format, publish] of Object.entries(publishings)) {
        const answer = await publish();
        expect([format, answer.status]).toEqual([format, 507]);
        const text = await answer.text();
        expect(text).toMatch(FULL);
        if (format === "npm") expect(JSON.parse(text)).toMatchObject({ error: expect.stringMatching(FULL) });
        else expect(answer.statusText).toMatch(FULL);
      }
      node.write("publish/package.json", { name: "refused", version: "1.0.0" });
      const publish = await node.try("npm", ["publish"], { folder: "publish" });
      expect(publish.code).not.toBe(0);
      expect(publish.stderr).toMatch(FULL);
      const wheel = python.write(wheelName("refused", "1.0"), wheelOf("refused", "1.0"));
      const args = [
        "--repository-url",
        `${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/pypi/my-packages/`,
      ];
      const twine = await python.try("twine", ["upload", ...args, "-u", "aws", "-p", token, wheel]);
      expect(twine.code).not.toBe(0);
      expect(twine.stdout + twine.stderr).toMatch(FULL);
      const generic = await server.tryAws(
        [
          ...["codeartifact", "publish-package-version", ...MY_PACKAGES, "--format", "generic"],
          ...["--namespace", "team", "--package", "refused", "--package-version", "1", "--asset-name", "a"],
          ...["--asset-content", node.write("asset", "content")],
          ...["--asset-sha256", "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"],
        ],
        { env: { AWS_MAX_ATTEMPTS: "1" } },
      );
      expect(generic.code).not.toBe(0);
      expect(generic.stderr).toMatch(FULL);

      for (const install of [npmInstall("kept"), npmInstall("ours"), pipInstall("kept")])
        expect([(await install).stderr, (await install).code]).toEqual([expect.any(String), 0]);
      expect((await npmInstall("seen")).stderr).toBe("");
      expect((await ask("npm/my-packages/seen")).status).toBe(200);
      // The other program takes what the server gave up for such a day, too: nothing can be noted any more.
      await fill(disk);
      for (const name of ["kept", "glimpsed"]) expect((await npmInstall(name)).stderr).toBe("");
      expect((await pipInstall("kept")).code).toBe(0);
      const cold = await npmInstall("unseen");
      expect(cold.code).not.toBe(0);
      expect(cold.stderr).toMatch(FULL);

      await server.aws([
        ...["codeartifact", "delete-package-versions", ...MY_PACKAGES, "--format", "npm"],
        ...["--package", "ours", "--versions", "1.0.0"],
      ]);
      expect((await ask("npm/my-packages/ours/-/ours-1.0.0.tgz")).status).toBe(404);
      rmSync(`${disk}/filler`);
      expect((await publishings["npm"]?.())?.ok).toBe(true);
      expect((await npmInstall("unseen")).code).toBe(0);
    });
  }),
);
