import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { StorageFull, StorageUnavailable } from "./errors.ts";
import { S3Objects } from "./s3-objects.ts";

/** A store that refuses every request with the answer in its turn. */
let server: Server;
let answer = { status: 500, code: "" };

beforeAll(async () => {
  process.env["AWS_ACCESS_KEY_ID"] ??= "test";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(answer.status, { "content-type": "application/xml" });
    response.end(`<?xml version="1.0"?><Error><Code>${answer.code}</Code><Message>no</Message></Error>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
});

function objectsAt(port: number): S3Objects {
  const endpoint = `http://127.0.0.1:${port}`;
  return new S3Objects(
    { bucket: "blobs", prefix: "", region: "us-east-1", endpoint, pathStyle: true },
    { attempts: 1 },
  );
}

const multipart = { key: "a", uploadId: "u", parts: [] };

for (const [status, code] of [
  [507, "Whatever"],
  [403, "QuotaExceeded"],
  [507, "XMinioStorageFull"],
  [400, "InsufficientStorage"],
] as const) {
  test(`a store that says ${status} ${code} is full`, async () => {
    answer = { status, code };
    const objects = objectsAt((server.address() as AddressInfo).port);
    await expect(objects.put("a", new Uint8Array(1))).rejects.toBeInstanceOf(StorageFull);
    await expect(objects.createMultipart("a")).rejects.toBeInstanceOf(StorageFull);
    await expect(objects.putPart(multipart, 0, new Uint8Array(1))).rejects.toBeInstanceOf(StorageFull);
    await expect(objects.completeMultipart(multipart)).rejects.toBeInstanceOf(StorageFull);
    objects.close();
  });
}

for (const [status, code] of [
  [503, "SlowDown"],
  [500, "InternalError"],
  [502, ""],
  [429, "TooManyRequests"],
] as const) {
  test(`a store that says ${status} ${code} is away for now`, async () => {
    answer = { status, code };
    const objects = objectsAt((server.address() as AddressInfo).port);
    await expect(objects.put("a", new Uint8Array(1))).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(objects.read("a", 0, 1)).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(objects.deleteBelow("a/")).rejects.toBeInstanceOf(StorageUnavailable);
    objects.close();
  });
}

test("a store that nobody listens for is away, and a refusal is neither full nor away", async () => {
  const gone = objectsAt(1);
  await expect(gone.read("a", 0, 1)).rejects.toBeInstanceOf(StorageUnavailable);
  gone.close();
  answer = { status: 403, code: "AccessDenied" };
  const objects = objectsAt((server.address() as AddressInfo).port);
  await expect(objects.put("a", new Uint8Array(1))).rejects.toHaveProperty("name", "AccessDenied");
  objects.close();
});
