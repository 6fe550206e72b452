/** Repositories, layers and images by the ECR API, called by boto3 and the AWS CLI on a running server. */
import { beforeAll, describe, expect, test } from "bun:test";
import { describeWithClients } from "../client.ts";
import { bytes } from "./boto.ts";
import {
  ACCOUNT,
  CONFIG,
  descriptor,
  digestOf,
  failure,
  LAYER,
  OCI_MANIFEST,
  serveEcr,
} from "./ecr-by-boto.ts";

const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

const MEBIBYTE = 1024 * 1024;

describeWithClients("the ECR API", ["python", "aws"], () => {
  const served = serveEcr();
  const { ecr, upload, image } = served;

  describe("repositories", () => {
    const repositoryArn = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/team/app`;

    test("are created, described, changed and deleted", async () => {
      const { repository } = await ecr("create_repository", {
        repositoryName: "team/app",
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "latest*" }],
        encryptionConfiguration: { encryptionType: "AES256" },
        imageScanningConfiguration: { scanOnPush: false },
        tags: [{ Key: "team", Value: "red" }],
      });
      expect(repository).toMatchObject({
        repositoryArn,
        registryId: ACCOUNT,
        repositoryUri: `127.0.0.1:${served.server.port}/team/app`,
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "latest*" }],
        encryptionConfiguration: { encryptionType: "AES256" },
        imageScanningConfiguration: { scanOnPush: false },
      });
      expect(await ecr("create_repository", { repositoryName: "team/app" })).toEqual(
        failure(
          "RepositoryAlreadyExistsException",
          `The repository with name 'team/app' already exists in the registry with id '${ACCOUNT}'`,
        ),
      );
      expect(await ecr("describe_repositories", { repositoryNames: ["team/app"] })).toEqual({
        repositories: [repository],
      });
      const change = { repositoryName: "team/app", imageTagMutability: "IMMUTABLE" };
      expect(await ecr("put_image_tag_mutability", change)).toEqual({ registryId: ACCOUNT, ...change });
      expect(await ecr("delete_repository", { repositoryName: "team/none" })).toEqual(
        failure(
          "RepositoryNotFoundException",
          `The repository with name 'team/none' does not exist in the registry with id '${ACCOUNT}'`,
        ),
      );
    });

    test("carry resource tags", async () => {
      await ecr("tag_resource", { resourceArn: repositoryArn, tags: [{ Key: "cost", Value: "42" }] });
      await ecr("untag_resource", { resourceArn: repositoryArn, tagKeys: ["team"] });
      expect(await ecr("list_tags_for_resource", { resourceArn: repositoryArn })).toEqual({
        tags: [{ Key: "cost", Value: "42" }],
      });
    });

    test("are listed in pages", async () => {
      for (const name of ["page/a", "page/b", "page/c"])
        await ecr("create_repository", { repositoryName: name });
      const first = await ecr("describe_repositories", { maxResults: 2 });
      const second = await ecr("describe_repositories", { maxResults: 100, nextToken: first["nextToken"] });
      const names = [first, second].flatMap((page) => page["repositories"]) as { repositoryName: string }[];
      expect(names.map((one) => one.repositoryName)).toEqual(["page/a", "page/b", "page/c", "team/app"]);
      expect(second).not.toHaveProperty("nextToken");
      expect(await ecr("describe_repositories", { nextToken: "forged" })).toEqual(
        failure("InvalidParameterException"),
      );
    });

    const refused: readonly [name: string, input: object][] = [
      ["a bad name", { repositoryName: "Team" }],
      ["an unknown mutability", { repositoryName: "x1", imageTagMutability: "SOMETIMES" }],
      [
        "two layers of encryption",
        { repositoryName: "x1", encryptionConfiguration: { encryptionType: "KMS_DSSE" } },
      ],
      ["scan on push", { repositoryName: "x1", imageScanningConfiguration: { scanOnPush: true } }],
    ];
    test.each(refused)("are refused with %s", async (_, input) => {
      expect(await ecr("create_repository", input)).toEqual(failure("InvalidParameterException"));
    });
  });

  describe("layers", () => {
    beforeAll(() => ecr("create_repository", { repositoryName: "layers" }));

    test("come in parts, are checked, and are downloaded from an expiring address", async () => {
      const repositoryName = "layers";
      const first = Buffer.alloc(5 * MEBIBYTE, "a");
      const layer = Buffer.concat([first, Buffer.from("end")]);
      const { uploadId, partSize } = await ecr("initiate_layer_upload", { repositoryName });
      expect(partSize).toBe(10 * MEBIBYTE);
      const part = (start: number, content: Buffer) =>
        ecr("upload_layer_part", {
          repositoryName,
          uploadId,
          partFirstByte: start,
          partLastByte: start + content.length - 1,
          layerPartBlob: bytes(content),
        });
      expect(await part(0, first)).toEqual({
        registryId: ACCOUNT,
        repositoryName,
        uploadId,
        lastByteReceived: first.length - 1,
      });
      expect(await part(7, first)).toEqual({
        error: expect.objectContaining({
          Code: "InvalidLayerPartException",
          registryId: ACCOUNT,
          repositoryName,
          uploadId,
          lastValidByteReceived: first.length - 1,
        }),
      });
      await part(first.length, Buffer.from("end"));
      const complete = (digest: string) =>
        ecr("complete_layer_upload", { repositoryName, uploadId, layerDigests: [digest] });
      expect(await complete(digestOf("something else"))).toEqual(failure("InvalidLayerException"));
      expect(await complete(digestOf(layer))).toMatchObject({ layerDigest: digestOf(layer) });
      expect(await complete(digestOf(layer))).toEqual(failure("UploadNotFoundException"));

      const ask = () => ecr("get_download_url_for_layer", { repositoryName, layerDigest: digestOf(layer) });
      expect(await ask()).toEqual(failure("LayerInaccessibleException"));
      await upload(repositoryName, "config");
      const manifest = { config: descriptor("config", CONFIG), layers: [descriptor(layer, LAYER)] };
      await ecr("put_image", {
        repositoryName,
        imageManifest: JSON.stringify({ schemaVersion: 2, ...manifest }),
        imageManifestMediaType: OCI_MANIFEST,
      });
      const { downloadUrl } = await ask();
      const whole = await fetch(String(downloadUrl));
      expect(digestOf(new Uint8Array(await whole.arrayBuffer()))).toBe(digestOf(layer));
      const end = await fetch(String(downloadUrl), { headers: { range: "bytes=-3" } });
      expect([end.status, await end.text()]).toEqual([206, "end"]);
      expect((await fetch(String(downloadUrl).replace("signature=", "signature=x"))).status).toBe(403);

      const { layers, failures } = await ecr("batch_check_layer_availability", {
        repositoryName,
        layerDigests: [digestOf(layer), digestOf("none"), "nonsense"],
      });
      expect(layers).toEqual([
        {
          layerDigest: digestOf(layer),
          layerAvailability: "AVAILABLE",
          layerSize: layer.length,
          mediaType: LAYER,
        },
        { layerDigest: digestOf("none"), layerAvailability: "UNAVAILABLE" },
      ]);
      expect(failures).toMatchObject([{ layerDigest: "nonsense", failureCode: "InvalidLayerDigest" }]);
    }, 30_000);
  });

  describe("images", () => {
    const repositoryName = "images";
    const list = async (filter: object = {}) =>
      (await ecr("list_images", { repositoryName, filter }))["imageIds"];

    beforeAll(() => ecr("create_repository", { repositoryName, imageTagMutability: "IMMUTABLE" }));

    test("are put, got, listed, described and deleted", async () => {
      const imageManifest = await image(repositoryName, "first");
      const digest = digestOf(imageManifest);
      expect(await ecr("put_image", { repositoryName, imageManifest, imageTag: "v1" })).toEqual({
        image: {
          registryId: ACCOUNT,
          repositoryName,
          imageId: { imageDigest: digest, imageTag: "v1" },
          imageManifest,
          imageManifestMediaType: OCI_MANIFEST,
        },
      });
      expect(await ecr("put_image", { repositoryName, imageManifest, imageTag: "v1" })).toEqual(
        failure("ImageAlreadyExistsException"),
      );
      const second = await image(repositoryName, "second");
      expect(await ecr("put_image", { repositoryName, imageManifest: second, imageTag: "v1" })).toEqual(
        failure(
          "ImageTagAlreadyExistsException",
          "The image tag 'v1' already exists in the 'images' repository and cannot be overwritten because the tag is immutable.",
        ),
      );
      await ecr("put_image", { repositoryName, imageManifest: second, imageDigest: digestOf(second) });

      const { images, failures } = await ecr("batch_get_image", {
        repositoryName,
        imageIds: [{ imageTag: "v1" }, { imageTag: "none" }],
      });
      expect(images).toMatchObject([{ imageManifest, imageId: { imageTag: "v1", imageDigest: digest } }]);
      expect(failures).toEqual([
        {
          imageId: { imageTag: "none" },
          failureCode: "ImageNotFound",
          failureReason: "Requested image not found",
        },
      ]);

      expect(await list({ tagStatus: "TAGGED" })).toEqual([{ imageDigest: digest, imageTag: "v1" }]);
      expect(await list({ tagStatus: "UNTAGGED" })).toEqual([{ imageDigest: digestOf(second) }]);
      const described = await ecr("describe_images", { repositoryName, imageIds: [{ imageTag: "v1" }] });
      expect(described["imageDetails"]).toEqual([
        {
          registryId: ACCOUNT,
          repositoryName,
          imageDigest: digest,
          imageTags: ["v1"],
          imageSizeInBytes: "first".length,
          imagePushedAt: expect.any(String),
          imageManifestMediaType: OCI_MANIFEST,
          artifactMediaType: CONFIG,
          lastRecordedPullTime: expect.any(String),
          imageStatus: "ACTIVE",
        },
      ]);

      const removed = await ecr("batch_delete_image", {
        repositoryName,
        imageIds: [{ imageTag: "v1" }, { imageDigest: digestOf(second) }, {}],
      });
      expect(removed["imageIds"]).toHaveLength(2);
      expect(removed["failures"]).toMatchObject([{ failureCode: "MissingDigestAndTag" }]);
      expect(await list()).toEqual([]);
    });

    test("put by the API are pulled by a client that knows only Docker's format, by the tag and then the digest", async () => {
      await ecr("put_image", {
        repositoryName,
        imageManifest: await image(repositoryName, "oci"),
        imageTag: "oci",
      });
      const { authorizationData } = await ecr("get_authorization_token");
      const [{ authorizationToken = "" } = {}] = authorizationData as { authorizationToken?: string }[];
      const pull = async (method: string, reference: string) =>
        fetch(`${served.server.url}/v2/${repositoryName}/manifests/${reference}`, {
          method,
          headers: { authorization: `Basic ${authorizationToken}`, accept: DOCKER_MANIFEST },
        });
      const head = await pull("HEAD", "oci");
      const digest = head.headers.get("docker-content-digest") ?? "";
      const got = await pull("GET", digest);
      expect([got.status, got.headers.get("content-type")]).toEqual([200, DOCKER_MANIFEST]);
      expect(digestOf(new Uint8Array(await got.arrayBuffer()))).toBe(digest);
    });

    test("of an index stay as long as the index", async () => {
      const child = await image(repositoryName, "child");
      const index = JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [descriptor(child, OCI_MANIFEST)],
      });
      expect(await ecr("put_image", { repositoryName, imageManifest: index })).toEqual(
        failure("ReferencedImagesNotFoundException"),
      );
      await ecr("put_image", { repositoryName, imageManifest: child });
      await ecr("put_image", { repositoryName, imageManifest: index, imageTag: "index" });
      const imageIds = [{ imageDigest: digestOf(child) }];
      expect((await ecr("batch_delete_image", { repositoryName, imageIds }))["failures"]).toEqual([
        {
          imageId: imageIds[0],
          failureCode: "ImageReferencedByManifestList",
          failureReason: `Requested image referenced by manifest list: [${digestOf(index)}]`,
        },
      ]);
    });

    test("refer to a subject", async () => {
      const subject = await image(repositoryName, "subject");
      await ecr("put_image", { repositoryName, imageManifest: subject });
      const artifactType = "application/x.signature";
      const referrer = await image(repositoryName, "signature", {
        artifactType,
        subject: descriptor(subject, OCI_MANIFEST),
        annotations: { by: "me" },
      });
      await ecr("put_image", { repositoryName, imageManifest: referrer });
      const subjectId = { imageDigest: digestOf(subject) };
      const filter = { artifactTypes: [artifactType] };
      expect(await ecr("list_image_referrers", { repositoryName, subjectId, filter })).toEqual({
        referrers: [
          {
            ...descriptor(referrer, OCI_MANIFEST),
            artifactType,
            annotations: { by: "me" },
            artifactStatus: "ACTIVE",
          },
        ],
      });
    });

    const manifest = (changes: object) =>
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, ...changes });
    const refused: readonly [name: string, input: object, code: string][] = [
      ["no JSON", { imageManifest: "{" }, "InvalidParameterException"],
      ["schema 1", { imageManifest: '{"schemaVersion":1}' }, "InvalidParameterException"],
      [
        "layers that are not there",
        { imageManifest: manifest({ config: descriptor("absent", CONFIG), layers: [] }) },
        "LayersNotFoundException",
      ],
      [
        "a digest of something else",
        {
          imageManifest: manifest({ config: descriptor("config of first", CONFIG), layers: [] }),
          imageDigest: digestOf("something else"),
        },
        "ImageDigestDoesNotMatchException",
      ],
    ];
    test.each(refused)("are refused: %s", async (_, input, code) => {
      expect(await ecr("put_image", { repositoryName, ...input })).toEqual(failure(code));
    });

    test("keep their repository from being deleted without force", async () => {
      expect(await ecr("delete_repository", { repositoryName })).toEqual(
        failure(
          "RepositoryNotEmptyException",
          `The repository with name 'images' in registry with id '${ACCOUNT}' cannot be deleted because it still contains images`,
        ),
      );
      expect(await ecr("delete_repository", { repositoryName, force: true })).toMatchObject({
        repository: { repositoryName },
      });
      expect(await ecr("list_images", { repositoryName })).toEqual(failure("RepositoryNotFoundException"));
    });
  });

  test("what is not built is refused by name, and nothing is stored", async () => {
    const call = ecr("put_lifecycle_policy", {
      repositoryName: "shared",
      lifecyclePolicyText: "{}".padEnd(100),
    });
    expect(await call).toEqual({
      error: expect.objectContaining({ Message: expect.stringContaining("PutLifecyclePolicy") }),
    });
  });

  test("the AWS CLI goes the way of the quick start", async () => {
    const create = [
      "ecr",
      "create-repository",
      "--repository-name",
      "my-app",
      "--image-tag-mutability",
      "IMMUTABLE",
    ];
    expect(JSON.parse(await served.server.aws(create)).repository.imageTagMutability).toBe("IMMUTABLE");
    expect(await served.server.registryPassword()).toMatch(/^[^:\s]+\s*$/);
    const imageManifest = await image("my-app", "content");
    const put = ["ecr", "put-image", "--repository-name", "my-app", "--image-tag", "v1.0.0"];
    await served.server.aws([...put, "--image-manifest", imageManifest]);
    const query = ["--query", "imageDetails[0].imageTags", "--output", "text"];
    expect(
      (await served.server.aws(["ecr", "describe-images", "--repository-name", "my-app", ...query])).trim(),
    ).toBe("v1.0.0");
    const second = await served.server.tryAws([...put, "--image-manifest", await image("my-app", "other")]);
    expect(second.stderr).toContain("cannot be overwritten because the tag is immutable.");
    expect(second.code).toBeGreaterThan(0);
  }, 60_000);
});
