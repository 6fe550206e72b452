import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { BackgroundProcess } from "../test/background-process.ts";
import { findClient } from "../test/client.ts";
import { freePort } from "../test/free-port.ts";
import { RunningServer } from "../test/running-server.ts";

/** The S3 servers that bench/s3.ts compares, each with one bucket, on loopback and a folder of its own. */
export interface S3Contender {
  readonly name: string;
  /** What a reader has to know to judge the numbers: authentication, durability, encryption. */
  readonly terms: string;
  start(folder: string): Promise<RunningS3>;
}

export interface RunningS3 {
  readonly url: string;
  readonly pid: number;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

export const bucket = "benchmark";

const keys = { accessKeyId: "AKIABENCHMARK0000000", secretAccessKey: "secret-of-the-benchmark" };

const shosoin: S3Contender = {
  name: "Shosoin",
  terms: "signatures checked; acknowledged writes are on disk; everything is encrypted and has a checksum",
  async start(folder) {
    const server = await RunningServer.start({ data: join(folder, "data"), rootKey: keys });
    const running = { url: server.url, pid: server.pid, keys, stop: () => server.stop() };
    await makeBucket(running);
    return running;
  },
};

function versitygw(program: string): S3Contender {
  return {
    name: "versitygw",
    terms: "signatures checked; syncs nothing: a power cut may lose what it acknowledged; no encryption",
    async start(folder) {
      const objects = join(folder, "objects");
      const sidecar = join(folder, "sidecar");
      for (const one of [objects, sidecar]) mkdirSync(one);
      const port = await freePort();
      const peer = BackgroundProcess.start(
        program,
        ["--port", `127.0.0.1:${port}`, "--keep-alive", "--quiet", "posix", "--sidecar", sidecar, objects],
        { env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey } },
      );
      return startPeer(peer, `http://127.0.0.1:${port}`, keys);
    },
  };
}

function s3rver(program: string): S3Contender {
  return {
    name: "s3rver",
    terms: "a test double on the machine's own Node; signatures checked; syncs nothing; no encryption",
    async start(folder) {
      const port = await freePort();
      const peer = BackgroundProcess.start(program, [
        ...["--directory", folder, "--address", "127.0.0.1", "--port", String(port), "--silent"],
      ]);
      return startPeer(peer, `http://127.0.0.1:${port}`, {
        accessKeyId: "S3RVER",
        secretAccessKey: "S3RVER",
      });
    },
  };
}

/** Those that are installed here (scripts/install-test-clients --bench). */
export function s3Contenders(): readonly S3Contender[] {
  const found = [shosoin];
  const gateway = findClient("versitygw");
  if (gateway) found.push(versitygw(gateway));
  const double = findClient("s3rver");
  if (double) found.push(s3rver(double));
  return found;
}

async function startPeer(
  peer: BackgroundProcess,
  url: string,
  credentials: RunningS3["keys"],
): Promise<RunningS3> {
  const running = { url, pid: peer.pid, keys: credentials, stop: async () => void (await peer.stop()) };
  for (;;) {
    try {
      await makeBucket(running);
      return running;
    } catch (error) {
      if (!peer.running) throw new Error(`${url} does not answer: ${peer.log}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function makeBucket({ url, keys: credentials }: Pick<RunningS3, "url" | "keys">): Promise<void> {
  const client = new S3Client({
    endpoint: url,
    region: "us-east-1",
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
