import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { DockerEngine } from "../docker-engine.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

describeWithClients("docker against the registry", ["dockerd", "docker", "aws"], () => {
  const folder = temporaryFolder("docker-images");
  const started = new Started();
  let server: RunningServer;
  let engine: DockerEngine;

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    engine = await started.add(DockerEngine.start(), (running) => running.stop());
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("docker is refused before it has logged in", async () => {
    await server.aws(["ecr", "create-repository", "--repository-name", "closed"]);
    const image = `${server.registry}/closed:v1.0.0`;
    await build(image);
    const refused = await engine.tryDocker(["push", image]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("no basic auth credentials");
  });

  test("docker cannot log in with a wrong password", async () => {
    const refused = await login("wrong");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("401");
  });

  test("docker logs in with the password of aws ecr get-login-password", async () => {
    const result = await login(await server.registryPassword());
    expect(result.stdout).toContain("Login Succeeded");
  });

  test("docker pushes an image of three layers, one of 24 MiB, and pulls the same", async () => {
    await server.aws(["ecr", "create-repository", "--repository-name", "my-app"]);
    const image = `${server.registry}/my-app:v1.0.0`;
    const imageId = await build(image, 24 * 1024 * 1024);
    const digest = pushedDigest(await engine.docker(["push", image]));

    await forget(image);
    await engine.docker(["pull", image]);
    expect(await inspect(image, "{{.Id}}")).toBe(imageId);
    expect(await inspect(image, "{{json .RepoDigests}}")).toContain(`my-app@${digest}`);
    expect(await inspect(image, "{{len .RootFS.Layers}}")).toBe("3");

    const described = JSON.parse(await server.aws(["ecr", "describe-images", "--repository-name", "my-app"]));
    expect(described.imageDetails).toHaveLength(1);
    expect(described.imageDetails[0].imageDigest).toBe(digest);
    expect(described.imageDetails[0].imageTags).toEqual(["v1.0.0"]);
  });

  test("docker pulls an image by digest", async () => {
    const image = `${server.registry}/my-app:v1.0.0`;
    const digest = pushedDigest(await engine.docker(["push", image]));
    await forget(image);
    await engine.docker(["pull", `${server.registry}/my-app@${digest}`]);
    expect(await inspect(`${server.registry}/my-app@${digest}`, "{{json .RepoDigests}}")).toContain(digest);
  });

  test("docker pushes a manifest list and pulls the platform it asks for", async () => {
    await server.aws(["ecr", "create-repository", "--repository-name", "multi"]);
    const repository = `${server.registry}/multi`;
    const platforms = ["amd64", "arm64"];
    const imageIds = new Map<string, string>();
    for (const platform of platforms) {
      imageIds.set(platform, await build(`${repository}:${platform}`));
      await engine.docker(["push", `${repository}:${platform}`]);
    }
    const images = platforms.map((platform) => `${repository}:${platform}`);
    await engine.docker(["manifest", "create", "--insecure", `${repository}:v1`, ...images]);
    // The classic builder marks both amd64; the list is what says arm64.
    await engine.docker(["manifest", "annotate", "--arch=arm64", `${repository}:v1`, `${repository}:arm64`]);
    const digest = await engine.docker(["manifest", "push", "--insecure", `${repository}:v1`]);

    for (const platform of platforms) {
      await forget(`${repository}:${platform}`);
      await engine.docker(["pull", `--platform=linux/${platform}`, `${repository}:v1`]);
      expect(await inspect(`${repository}:v1`, "{{.Id}}")).toBe(imageIds.get(platform) ?? "");
      expect(await inspect(`${repository}:v1`, "{{json .RepoDigests}}")).toContain(`multi@${digest}`);
      await forget(`${repository}:v1`);
    }
  });

  test("docker prints ECR's own text when other content is pushed to an immutable tag", async () => {
    await server.aws([
      ...["ecr", "create-repository", "--repository-name", "fixed"],
      ...["--image-tag-mutability", "IMMUTABLE"],
    ]);
    const image = `${server.registry}/fixed:v1.0.0`;
    await build(image);
    await engine.docker(["push", image]);
    // The same content again is no change.
    await engine.docker(["push", image]);

    await build(image);
    const refused = await engine.tryDocker(["push", image]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(
      /tag invalid: The image tag 'v1\.0\.0' already exists in the 'fixed' repository and cannot be overwritten because the (repository|tag) is immutable\./,
    );
  });

  test("docker is told that a repository or an image does not exist", async () => {
    const pushed = `${server.registry}/nowhere:v1`;
    await build(pushed);
    const refused = await engine.tryDocker(["push", pushed]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(
      "The repository with name 'nowhere' does not exist in the registry with id '123456789012'",
    );
    const absent = await engine.tryDocker(["pull", `${server.registry}/my-app:absent`]);
    expect(absent.code).not.toBe(0);
    expect(absent.stderr).toContain("not found");
  });

  function login(password: string) {
    return engine.tryDocker(["login", "--username", "AWS", "--password-stdin", server.registry], {
      input: password,
    });
  }

  /** An image of three layers with content nobody has pushed yet; resolves to its id. */
  async function build(image: string, size = 50_000): Promise<string> {
    const context = join(folder.path, randomBytes(4).toString("hex"));
    mkdirSync(context);
    for (const [name, bytes] of [
      ["first", 100],
      ["second", 10_000],
      ["third", size],
    ] as const) {
      writeFileSync(join(context, name), randomBytes(bytes));
    }
    writeFileSync(
      join(context, "Dockerfile"),
      'FROM scratch\nCOPY first /\nCOPY second /\nCOPY third /\nCMD ["/first"]\n',
    );
    return engine.docker(["build", "--quiet", "--tag", image, context]);
  }

  async function forget(image: string): Promise<void> {
    await engine.docker(["image", "rm", "--force", image]);
  }

  function inspect(image: string, format: string): Promise<string> {
    return engine.docker(["image", "inspect", "--format", format, image]);
  }
});

function pushedDigest(output: string): string {
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];
  if (!digest) throw new Error(`docker push named no digest: ${output}`);
  return digest;
}
