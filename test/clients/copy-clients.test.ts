import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { type ImageLayout, writeImageLayout, writeIndexLayout } from "../image-layout.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { ClientHome } from "./logged-in-clients.ts";

/** The clients that copy between OCI layouts and registries: what went up has to come down bit for bit. */
interface CopyClient {
  readonly program: string;
  prepare(home: ClientHome, registry: string): Promise<void>;
  push(layout: ImageLayout, image: string): readonly string[];
  pull(image: string, folder: string): readonly string[];
}

const copyClients: readonly CopyClient[] = [
  {
    program: "skopeo",
    prepare: (home, registry) =>
      home.login("skopeo", ["login", "--tls-verify=false", "--username=AWS", "--password-stdin", registry]),
    push: (layout, image) => [
      ...["--policy", "policy.json", "copy", "--all", "--dest-tls-verify=false"],
      ...[`oci:${layout.path}:${layout.tag}`, `docker://${image}`],
    ],
    pull: (image, folder) => [
      ...["--policy", "policy.json", "copy", "--all", "--src-tls-verify=false"],
      ...[`docker://${image}`, `oci:${folder}:pulled`],
    ],
  },
  {
    program: "crane",
    prepare: (home, registry) =>
      home.login("crane", ["auth", "login", "--username=AWS", "--password-stdin", registry]),
    push: (layout, image) => ["push", layout.path, image],
    pull: (image, folder) => ["pull", "--format=oci", image, folder],
  },
  {
    program: "oras",
    prepare: (home, registry) =>
      home.login("oras", ["login", "--plain-http", "--username=AWS", "--password-stdin", registry]),
    push: (layout, image) => [
      ...["copy", "--from-oci-layout", `${layout.path}:${layout.tag}`],
      ...["--to-plain-http", image],
    ],
    pull: (image, folder) => ["copy", "--from-plain-http", image, "--to-oci-layout", `${folder}:pulled`],
  },
  {
    program: "regctl",
    prepare: async (home, registry) => {
      await home.run("regctl", ["registry", "set", "--skip-check", "--tls=disabled", registry]);
      await home.login("regctl", ["registry", "login", "--user=AWS", "--pass-stdin", registry]);
    },
    push: (layout, image) => ["image", "copy", `ocidir://${layout.path}:${layout.tag}`, image],
    pull: (image, folder) => ["image", "copy", image, `ocidir://${folder}:pulled`],
  },
];

for (const copyClient of copyClients) {
  const { program } = copyClient;
  describeWithClients(`${program} against the registry`, [program, "aws"], () => {
    const folder = temporaryFolder(program);
    const started = new Started();
    let server: RunningServer;
    let home: ClientHome;

    beforeAll(async () => {
      server = await started.add(RunningServer.start(), (running) => running.stop());
      home = new ClientHome(folder.path, server);
      await copyClient.prepare(home, server.registry);
    });
    afterAll(async () => {
      await started.end();
      folder.remove();
    });

    for (const [kind, write] of [
      ["an image of three layers", writeImageLayout],
      ["an index of two platforms", writeIndexLayout],
    ] as const) {
      test(`${program} pushes ${kind} and pulls the same bytes`, async () => {
        const repository = `team/${write.name.toLowerCase()}`;
        await server.aws(["ecr", "create-repository", "--repository-name", repository]);
        const source = newFolder(folder.path, `${write.name}-source`);
        const layout = write(source);
        const image = `${server.registry}/${repository}:${layout.tag}`;

        await home.run(program, copyClient.push(layout, image));
        const pulled = newFolder(folder.path, `${write.name}-pulled`);
        await home.run(program, copyClient.pull(image, pulled));

        expect(readIndex(pulled).manifests.map((manifest) => manifest.digest)).toContain(layout.digest);
        for (const digest of layout.blobs) {
          expect(readBlob(pulled, digest).equals(readBlob(source, digest))).toBe(true);
        }
        expect(await imageDigests(server, repository, layout.tag)).toEqual([layout.digest]);
      });
    }

    test(`${program} is told that a repository does not exist`, async () => {
      const layout = writeImageLayout(newFolder(folder.path, "nowhere"));
      const result = await home.try(
        program,
        copyClient.push(layout, `${server.registry}/nowhere:${layout.tag}`),
      );
      expect(result.code).not.toBe(0);
      expect(result.stderr + result.stdout).toContain(
        "The repository with name 'nowhere' does not exist in the registry with id '123456789012'",
      );
    });

    test(`${program} cannot move an immutable tag to other content, but may push the same again`, async () => {
      await server.aws([
        ...["ecr", "create-repository", "--repository-name", "fixed"],
        ...["--image-tag-mutability", "IMMUTABLE"],
      ]);
      const image = `${server.registry}/fixed:v1.0.0`;
      const first = writeIndexLayout(newFolder(folder.path, "first"));
      await home.run(program, copyClient.push(first, image));
      await home.run(program, copyClient.push(first, image));

      const second = writeIndexLayout(newFolder(folder.path, "second"));
      const refused = await home.try(program, copyClient.push(second, image));
      expect(refused.code).not.toBe(0);
      expect(refused.stderr + refused.stdout).toContain(
        "The image tag 'v1.0.0' already exists in the 'fixed' repository and cannot be overwritten because the",
      );
      expect(await imageDigests(server, "fixed", "v1.0.0")).toEqual([first.digest]);
    });
  });
}

function newFolder(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}

function readIndex(layout: string): { manifests: readonly { digest: string }[] } {
  return JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
}

function readBlob(layout: string, digest: string): Buffer {
  const name = digest.slice("sha256:".length);
  const folder = join(layout, "blobs", "sha256");
  if (!readdirSync(folder).includes(name)) throw new Error(`${digest} was not pulled`);
  return readFileSync(join(folder, name));
}

async function imageDigests(server: RunningServer, repository: string, tag: string): Promise<string[]> {
  const answer = await server.aws([
    ...["ecr", "describe-images", "--repository-name", repository],
    ...["--image-ids", `imageTag=${tag}`, "--query", "imageDetails[].imageDigest", "--output", "json"],
  ]);
  return JSON.parse(answer);
}
