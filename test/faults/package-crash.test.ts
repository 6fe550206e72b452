/** kill -9 while packages are published: what was acknowledged is whole, everything else is not there at all. */
import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-codeartifact";
import { RunningServer } from "../running-server.ts";

const ROUNDS = 3;
const PUBLISHERS = 100;

/** Not an answer of the server: it died. */
const CUT = /ECONN|socket|hang up|EPIPE|closed|fetch/i;

interface Tried {
  readonly name: string;
  readonly version: string;
  readonly content: Buffer;
  acknowledged: boolean;
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

test("kill -9 during 100 concurrent publishes: acknowledged versions are whole, all others absent", async () => {
  const server = await RunningServer.start();
  const connect = () =>
    new sdk.CodeartifactClient({
      endpoint: server.url,
      region: "us-east-1",
      maxAttempts: 1,
      credentials: server.rootKey,
    });
  const tried: Tried[] = [];
  let acknowledged = 0;
  try {
    const setup = connect();
    await setup.send(new sdk.CreateDomainCommand({ domain: "things" }));
    await setup.send(new sdk.CreateRepositoryCommand({ domain: "things", repository: "app" }));
    setup.destroy();
    const where = { domain: "things", repository: "app", format: "generic" } as const;

    for (let round = 0; round < ROUNDS; round++) {
      const client = connect();
      const before = acknowledged;
      // Several packages and several publishers of each; every publisher goes on until the server is gone.
      const publishing = Array.from({ length: PUBLISHERS }, async (_, index) => {
        for (let number = 0; ; number++) {
          const content = randomBytes(1000 + Math.floor(Math.random() * 150_000));
          const attempt: Tried = {
            name: `package-${index % 10}`,
            version: `${round}.${index}.${number}`,
            content,
            acknowledged: false,
          };
          tried.push(attempt);
          try {
            const { status } = await client.send(
              new sdk.PublishPackageVersionCommand({
                ...where,
                package: attempt.name,
                packageVersion: attempt.version,
                assetName: "file.bin",
                assetContent: content,
                assetSHA256: sha256(content),
              }),
            );
            if (status !== "Published") throw new Error(`published as ${status}`);
            attempt.acknowledged = true;
            acknowledged += 1;
          } catch (error) {
            const text = error instanceof Error ? `${error.name} ${error.message}` : "";
            if (CUT.test(text)) return;
            throw error;
          }
        }
      });
      while (acknowledged === before) await sleep(10);
      await sleep(Math.random() * 1000);
      await server.kill("SIGKILL");
      await Promise.all(publishing);
      client.destroy();
      await server.restart();

      const reader = connect();
      const wrong: string[] = [];
      const left = [...tried];
      const check = async () => {
        for (let attempt = left.pop(); attempt !== undefined; attempt = left.pop()) {
          const state = await stateOf(reader, { ...where, package: attempt.name }, attempt);
          // What was not acknowledged may have been committed just before the end, but only as a whole.
          const right = attempt.acknowledged ? state === "whole" : state === "whole" || state === "absent";
          if (!right) wrong.push(`${attempt.name} ${attempt.version}: ${state}`);
        }
      };
      await Promise.all(Array.from({ length: 8 }, check));
      reader.destroy();
      expect(wrong).toEqual([]);
    }
    console.log(`${acknowledged} of ${tried.length} versions acknowledged over ${ROUNDS} crashes, all whole`);
  } finally {
    await server.stop();
  }
}, 240_000);

async function stateOf(
  client: sdk.CodeartifactClient,
  where: { domain: string; repository: string; format: "generic"; package: string },
  { version, content }: Tried,
): Promise<string> {
  const asked = { ...where, packageVersion: version };
  const described = await client.send(new sdk.DescribePackageVersionCommand(asked)).catch(absent);
  const read = await client
    .send(new sdk.GetPackageVersionAssetCommand({ ...asked, asset: "file.bin" }))
    .catch(absent);
  if (described === undefined && read === undefined) return "absent";
  if (described === undefined || read?.asset === undefined) return "a half";
  const bytes = await read.asset.transformToByteArray();
  if (!content.equals(bytes)) return "other bytes";
  const { assets } = await client.send(new sdk.ListPackageVersionAssetsCommand(asked));
  const [asset] = assets ?? [];
  const whole =
    assets?.length === 1 && asset?.size === content.length && asset.hashes?.["SHA-256"] === sha256(content);
  return whole && described.packageVersion?.status === "Published" ? "whole" : "wrong rows";
}

function absent(error: unknown): undefined {
  if (error instanceof sdk.ResourceNotFoundException) return undefined;
  throw error;
}
