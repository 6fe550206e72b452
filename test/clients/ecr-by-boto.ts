/** A server whose ECR API boto3 calls. */
import { afterAll, beforeAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { type RootKey, RunningServer } from "../running-server.ts";
import { Boto, bytes } from "./boto.ts";

export const ACCOUNT = "123456789012";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const CONFIG = "application/vnd.oci.image.config.v1+json";
export const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

export function descriptor(content: string | Uint8Array, mediaType: string) {
  return { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) };
}

export function failure(Code: string, Message: unknown = expect.any(String)) {
  return { error: expect.objectContaining({ Code, Message }) };
}

/** For the tests of the `describe` around it. */
export function serveEcr() {
  let server: RunningServer | undefined;
  let boto: Boto | undefined;
  beforeAll(async () => {
    server = await RunningServer.start();
    boto = new Boto(server);
  }, 60_000);
  afterAll(async () => {
    boto?.stop();
    await server?.stop();
  });

  async function ecr(operation: string, input: object = {}, key?: RootKey) {
    if (boto === undefined) throw new Error("boto3 does not run");
    return boto.ask("ecr", operation, input, key);
  }

  /** Uploads through the API in one part, unless the repository has the layer. */
  async function upload(repositoryName: string, content: string): Promise<void> {
    const { uploadId } = await ecr("initiate_layer_upload", { repositoryName });
    const layerPartBlob = bytes(Buffer.from(content));
    const range = { partFirstByte: 0, partLastByte: Buffer.byteLength(content) - 1 };
    await ecr("upload_layer_part", { repositoryName, uploadId, layerPartBlob, ...range });
    await ecr("complete_layer_upload", { repositoryName, uploadId, layerDigests: [digestOf(content)] });
  }

  async function image(repositoryName: string, content: string, changes: object = {}): Promise<string> {
    await upload(repositoryName, `config of ${content}`);
    await upload(repositoryName, content);
    return JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: descriptor(`config of ${content}`, CONFIG),
      layers: [descriptor(content, LAYER)],
      ...changes,
    });
  }

  return {
    get server() {
      if (server === undefined) throw new Error("the server does not run");
      return server;
    },
    ecr,
    upload,
    image,
  };
}
