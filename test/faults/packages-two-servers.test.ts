/** Packages of a cluster: what one server was told, or fetched, every other one knows at once. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import * as sdk from "@aws-sdk/client-codeartifact";
import { describeWithClients } from "../client.ts";
import { DOMAIN, makeRepositoriesOfBoth, tokenOf } from "../clients/package-repositories.ts";
import { digest, publication, tarballOf, uploadOf, wheelName, wheelOf } from "../local-packages.ts";
import { LocalUpstream } from "../local-upstream.ts";
import { startPostgres } from "../postgres-server.ts";
import { RunningServer } from "../running-server.ts";
import { startS3Server } from "../s3-server.ts";
import { Started } from "../started.ts";

setDefaultTimeout(120_000);

const where = { domain: DOMAIN, repository: "my-packages" } as const;
const rootKey = { accessKeyId: "AKIATWOSERVERS", secretAccessKey: randomBytes(20).toString("hex") };

describeWithClients(
  "packages of two servers on one PostgreSQL and one S3 store",
  ["aws", "versitygw"],
  () => {
    const started = new Started();
    let upstream: LocalUpstream;
    let first: RunningServer;
    let second: RunningServer;
    let token: string;
    const clients = new Map<RunningServer, sdk.CodeartifactClient>();

    const api = (server: RunningServer): sdk.CodeartifactClient => {
      const client = clients.get(server);
      if (!client) throw new Error("no such server");
      return client;
    };
    /** The endpoint differs by port only. */
    const ask = (server: RunningServer, path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${server.url}/-/codeartifact/us-east-1/${DOMAIN}-123456789012/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...init.headers },
      });
    const publish = async (
      server: RunningServer,
      name: string,
      version: string,
      padding = "",
    ): Promise<Response> =>
      ask(server, `npm/my-packages/${name}`, {
        method: "PUT",
        body: publication(name, version, await tarballOf(name, version, padding)),
        headers: { "content-type": "application/json" },
      });
    const packument = async (server: RunningServer, name: string) => {
      const response = await ask(server, `npm/my-packages/${name}`);
      if (response.status !== 200) return { versions: [], tags: {} };
      const { versions, "dist-tags": tags } = (await response.json()) as {
        versions: object;
        "dist-tags": object;
      };
      return { versions: Object.keys(versions), tags };
    };

    beforeAll(async () => {
      const postgres = await started.add(startPostgres(), (each) => each.stop());
      const s3 = await started.add(startS3Server(), (each) => each.stop());
      upstream = await started.add(LocalUpstream.start(), (each) => each.goAway());
      const args = [
        ...["--database", await postgres.createDatabase(), "--blobs", s3.url("cluster/")],
        ...upstream.args,
      ];
      const options = { args, env: s3.environment, rootKey };
      [first, second] = await Promise.all([RunningServer.start(options), RunningServer.start(options)]);
      for (const server of [first, second]) {
        await started.add(server, (each) => each.stop());
        const settings = { endpoint: server.url, region: "us-east-1", credentials: rootKey, maxAttempts: 1 };
        clients.set(
          server,
          await started.add(new sdk.CodeartifactClient(settings), (each) => each.destroy()),
        );
      }
      await makeRepositoriesOfBoth(first);
      token = await tokenOf(first);
    });
    afterAll(() => started.end());

    test("versions published on one appear in the other's documents and API with the next request", async () => {
      // The other one has rendered the document before: it must not be shown again.
      for (const [index, version] of ["1.0.0", "1.1.0", "1.2.0", "2.0.0"].entries()) {
        const [here, there] = index % 2 === 0 ? [first, second] : [second, first];
        expect((await publish(here, "ours", version)).ok).toBe(true);
        for (const server of [there, here]) {
          const { versions, tags } = await packument(server, "ours");
          expect(versions).toContain(version);
          expect(tags).toEqual({ latest: version });
        }
        const asked = { ...where, format: "npm", package: "ours", packageVersion: version } as const;
        const { packageVersion } = await api(there).send(new sdk.DescribePackageVersionCommand(asked));
        expect(packageVersion?.status).toBe("Published");
        expect((await publish(there, "ours", version, "other bytes")).status).toBe(409);
      }
      const tarball = await ask(second, "npm/my-packages/ours/-/ours-1.0.0.tgz");
      expect(Buffer.from(await tarball.arrayBuffer()).equals(await tarballOf("ours", "1.0.0"))).toBe(true);
    });

    test("wheels and generic files published on one are read on the other", async () => {
      expect((await ask(second, "pypi/my-packages/simple/wheely/")).status).toBe(404);
      const wheel = wheelOf("wheely", "1.0");
      const { contentType, bytes } = await uploadOf("wheely", "1.0", wheel);
      const upload = { method: "POST", body: bytes, headers: { "content-type": contentType } };
      expect((await ask(first, "pypi/my-packages/", upload)).status).toBe(200);
      const page = await ask(second, "pypi/my-packages/simple/wheely/");
      expect(await page.text()).toContain(wheelName("wheely", "1.0"));

      const content = randomBytes(300_000);
      const version = {
        ...where,
        format: "generic",
        namespace: "team",
        package: "tool",
        packageVersion: "1",
      };
      await api(first).send(
        new sdk.PublishPackageVersionCommand({
          ...{ ...version, format: "generic" },
          assetName: "tool.bin",
          assetContent: content,
          assetSHA256: digest("sha256", content).toString("hex"),
        }),
      );
      const { asset } = await api(second).send(
        new sdk.GetPackageVersionAssetCommand({ ...version, format: "generic", asset: "tool.bin" }),
      );
      expect(content.equals((await asset?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    });

    test("dist-tags and statuses changed on one hold on the other", async () => {
      await publish(first, "changing", "1.0.0");
      await publish(first, "changing", "2.0.0");
      expect((await packument(second, "changing")).tags).toEqual({ latest: "2.0.0" });
      const tag = { method: "PUT", body: '"1.0.0"', headers: { "content-type": "application/json" } };
      expect((await ask(first, "npm/my-packages/-/package/changing/dist-tags/stable", tag)).ok).toBe(true);
      expect((await packument(second, "changing")).tags).toEqual({ latest: "2.0.0", stable: "1.0.0" });

      const asked = { ...where, format: "npm", package: "changing" } as const;
      await api(second).send(
        new sdk.UpdatePackageVersionsStatusCommand({
          ...asked,
          versions: ["1.0.0"],
          targetStatus: "Archived",
        }),
      );
      expect((await packument(first, "changing")).versions).toEqual(["2.0.0"]);
      expect((await ask(first, "npm/my-packages/changing/-/changing-1.0.0.tgz")).status).not.toBe(200);
      await api(first).send(
        new sdk.UpdatePackageVersionsStatusCommand({
          ...asked,
          versions: ["1.0.0"],
          targetStatus: "Published",
        }),
      );
      expect((await packument(second, "changing")).versions).toEqual(["1.0.0", "2.0.0"]);
      await api(second).send(new sdk.DeletePackageVersionsCommand({ ...asked, versions: ["2.0.0"] }));
      expect((await packument(first, "changing")).versions).toEqual(["1.0.0"]);
    });

    test("a token logged out on one is refused on the other, by a text that says so", async () => {
      const kept = token;
      token = await tokenOf(first);
      expect((await ask(second, "npm/my-packages/-/whoami")).status).toBe(200);
      const logout = await ask(first, `npm/my-packages/-/user/token/${token}`, { method: "DELETE" });
      expect(logout.ok).toBe(true);
      const refused = await ask(second, "npm/my-packages/-/whoami");
      expect(refused.status).toBe(401);
      expect(await refused.text()).toMatch(/revoked|logged out/i);
      token = kept;
    });

    test("origin controls set on one decide on the other at once", async () => {
      upstream.addNpm("guarded", "1.0.0", await tarballOf("guarded", "1.0.0"));
      expect((await packument(second, "guarded")).versions).toEqual(["1.0.0"]);
      const group = { domain: DOMAIN, packageGroup: "/npm//guarded$" };
      await api(first).send(new sdk.CreatePackageGroupCommand(group));
      const controlled = (EXTERNAL_UPSTREAM: "BLOCK" | "ALLOW", PUBLISH: "BLOCK" | "ALLOW") =>
        api(first).send(
          new sdk.UpdatePackageGroupOriginConfigurationCommand({
            ...group,
            restrictions: { EXTERNAL_UPSTREAM, PUBLISH },
          }),
        );
      await controlled("BLOCK", "BLOCK");
      expect((await packument(second, "guarded")).versions).toEqual([]);
      expect((await ask(second, "npm/my-packages/guarded/-/guarded-1.0.0.tgz")).status).toBe(404);
      expect((await publish(second, "guarded", "9.0.0")).status).toBe(403);
      await controlled("ALLOW", "ALLOW");
      expect((await packument(second, "guarded")).versions).toEqual(["1.0.0"]);
      expect((await ask(second, "npm/my-packages/guarded/-/guarded-1.0.0.tgz")).status).toBe(200);
    });

    test("what one fetched from outside the other serves from the store without asking again", async () => {
      const tarball = await tarballOf("outside", "1.0.0", "x".repeat(500_000));
      const wheel = wheelOf("abroad", "1.0");
      upstream.addNpm("outside", "1.0.0", tarball);
      upstream.addPypi("abroad", "1.0", wheel);
      const use = async (server: RunningServer): Promise<void> => {
        expect((await packument(server, "outside")).versions).toEqual(["1.0.0"]);
        const file = await ask(server, "npm/my-packages/outside/-/outside-1.0.0.tgz");
        expect(Buffer.from(await file.arrayBuffer()).equals(tarball)).toBe(true);
        const page = await ask(server, "pypi/my-packages/simple/abroad/");
        const [, link = ""] = /href="([^"#]+)/.exec(await page.text()) ?? [];
        const download = await fetch(new URL(link, page.url), {
          headers: { authorization: `Bearer ${token}` },
        });
        expect(Buffer.from(await download.arrayBuffer()).equals(wheel)).toBe(true);
      };
      await use(first);
      const before = [...upstream.requests];
      await use(second);
      expect(upstream.requests).toEqual(before);
    });
  },
);
