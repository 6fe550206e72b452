import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { ClientHome } from "./logged-in-clients.ts";

/** podman and buildah, which build an image, push it out of their own storage and pull it back into it. */
const buildFlags: Readonly<Record<string, readonly string[]>> = {
  podman: ["build"],
  buildah: ["build-using-dockerfile"],
};

for (const [program, build] of Object.entries(buildFlags)) {
  describeWithClients(`${program} against the registry`, [program, "aws"], () => {
    const folder = temporaryFolder(program);
    const started = new Started();
    let server: RunningServer;
    let home: ClientHome;

    beforeAll(async () => {
      server = await started.add(RunningServer.start(), (running) => running.stop());
      home = new ClientHome(folder.path, server);
    });
    afterAll(async () => {
      await started.end();
      folder.remove();
    });

    test(`${program} is refused before it has logged in`, async () => {
      await server.aws(["ecr", "create-repository", "--repository-name", "my-app"]);
      const image = `${server.registry}/my-app:early`;
      await buildImage(image, "amd64", 1000);
      const refused = await home.try(program, [...home.storageFlags, "push", "--tls-verify=false", image]);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(/Not Authorized|unauthorized|authentication required/i);
    });

    test(`${program} logs in, pushes an image of three layers and pulls the same`, async () => {
      await home.login(program, [
        ...["login", "--tls-verify=false", "--username=AWS", "--password-stdin"],
        server.registry,
      ]);
      const image = `${server.registry}/my-app:v1.0.0`;
      const imageId = await buildImage(image, "amd64", 24 * 1024 * 1024);
      const digest = await push(image);

      await run("rmi", "--force", image);
      expect(await run("pull", "--quiet", "--tls-verify=false", image)).toBe(imageId);
      expect(await run("images", "--digests", "--format", "{{.Digest}}", image)).toBe(digest);
      const described = JSON.parse(
        await server.aws(["ecr", "describe-images", "--repository-name", "my-app"]),
      ).imageDetails;
      expect(described.map((detail: { imageDigest: string }) => detail.imageDigest)).toContain(digest);
    });

    test(`${program} pushes an index of two platforms and pulls each platform`, async () => {
      await server.aws(["ecr", "create-repository", "--repository-name", "multi"]);
      const list = `${server.registry}/multi:v1`;
      const imageIds = new Map<string, string>();
      await run("manifest", "create", list);
      for (const architecture of ["amd64", "arm64"]) {
        const image = `${server.registry}/multi:${architecture}`;
        imageIds.set(architecture, await buildImage(image, architecture, 100_000));
        await push(image);
        await run("manifest", "add", "--tls-verify=false", list, `docker://${image}`);
      }
      const digestFile = join(folder.path, "index-digest");
      await run(
        ...["manifest", "push", "--all", "--tls-verify=false", "--digestfile", digestFile],
        ...[list, `docker://${list}`],
      );
      const described = JSON.parse(
        await server.aws([
          ...["ecr", "describe-images", "--repository-name", "multi", "--image-ids", "imageTag=v1"],
        ]),
      ).imageDetails;
      expect(described[0].imageDigest).toBe(readFileSync(digestFile, "utf8"));

      for (const [architecture, imageId] of imageIds) {
        await run("rmi", "--all", "--force");
        expect(await run("pull", "--quiet", "--tls-verify=false", `--arch=${architecture}`, list)).toBe(
          imageId,
        );
      }
    });

    /** Three layers with content nobody has pushed yet; resolves to the image's id. */
    async function buildImage(image: string, architecture: string, size: number): Promise<string> {
      const context = join(folder.path, randomBytes(4).toString("hex"));
      mkdirSync(context);
      const files = { first: 100, second: 10_000, third: size };
      for (const [name, bytes] of Object.entries(files)) {
        writeFileSync(join(context, name), randomBytes(bytes));
      }
      const steps = Object.keys(files).map((name) => `COPY ${name} /`);
      writeFileSync(join(context, "Dockerfile"), ["FROM scratch", ...steps, ""].join("\n"));
      return run(
        ...[...build, "--quiet", "--isolation=chroot", "--layers", `--arch=${architecture}`],
        ...["--tag", image, context],
      );
    }

    async function push(image: string): Promise<string> {
      const digestFile = join(folder.path, "digest");
      await run("push", "--tls-verify=false", "--digestfile", digestFile, image);
      return readFileSync(digestFile, "utf8");
    }

    function run(...args: readonly string[]): Promise<string> {
      return home.run(program, [...home.storageFlags, ...args]);
    }
  });
}
