import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { BackgroundProcess } from "./background-process.ts";
import { client } from "./client.ts";
import { freePort } from "./free-port.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A real S3-compatible server that is not ours (versitygw over a folder), with one bucket. */
export interface S3Server {
  /** For `--blobs`: `s3://blobs/<prefix>?endpoint=...`; credentials are in `environment`. */
  url(prefix?: string): string;
  readonly environment: Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>;
  /** The folder behind the bucket, to look or to do damage. */
  readonly folder: string;
  /** Kills it in the middle of whatever it does and starts it again on the same data and port. */
  crash(downMilliseconds?: number): Promise<void>;
  stop(): Promise<void>;
}

const environment = { AWS_ACCESS_KEY_ID: "test-access", AWS_SECRET_ACCESS_KEY: "test-secret" };

export async function startS3Server(): Promise<S3Server> {
  const place = temporaryFolder("s3");
  const objects = join(place.path, "objects");
  const sidecar = join(place.path, "sidecar");
  // The bucket is a folder; with a sidecar the file system needs no extended attributes.
  for (const folder of [objects, sidecar]) mkdirSync(folder);
  const port = await freePort();
  const start = () =>
    BackgroundProcess.start(
      client("versitygw"),
      ["--port", `127.0.0.1:${port}`, "--keep-alive", "--quiet", "posix", "--sidecar", sidecar, objects],
      {
        env: {
          ROOT_ACCESS_KEY: environment.AWS_ACCESS_KEY_ID,
          ROOT_SECRET_KEY: environment.AWS_SECRET_ACCESS_KEY,
        },
      },
    );
  let server = start();
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(server, endpoint);
  await makeBucket(endpoint);
  return {
    url: (prefix = "") => `s3://blobs/${prefix}?endpoint=${endpoint}&region=us-east-1`,
    environment,
    folder: join(objects, "blobs"),
    async crash(downMilliseconds = 0) {
      await server.stop("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, downMilliseconds));
      server = start();
      await answering(server, endpoint);
    },
    async stop() {
      await server.stop();
      place.remove();
    },
  };
}

async function answering(server: BackgroundProcess, endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 500 && server.running; attempt++) {
    // Any answer will do: without a signature it is a refusal.
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await server.stop();
  throw new Error(`versitygw did not start:\n${server.log}`);
}

async function makeBucket(endpoint: string): Promise<void> {
  const s3 = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID,
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
    },
  });
  await s3.send(new CreateBucketCommand({ Bucket: "blobs" }));
  s3.destroy();
}
