/**
 * Clients that go away in the middle of a body, by a reset, an early end or silence: what was there stays, nothing of what
 * came does, and neither an upload nor a request is left open.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import * as sdk from "@aws-sdk/client-s3";
import { S3Signer } from "../bad-input/s3-signer.ts";
import { RunningServer } from "../running-server.ts";

setDefaultTimeout(60_000);

const Bucket = "artifacts";
const MIB = 1_048_576;
const OLD = randomBytes(100_000);

let server: RunningServer;
let signer: S3Signer;
let s3: sdk.S3Client;
let part: { readonly Bucket: string; readonly Key: string; readonly UploadId: string };

beforeAll(async () => {
  server = await RunningServer.start({ args: ["--stall-seconds", "2"] });
  signer = new S3Signer(server.rootKey, server.port);
  s3 = new sdk.S3Client({
    ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
    forcePathStyle: true,
  });
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key: "key", Body: OLD }));
  const { UploadId = "" } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key: "parts" }));
  part = { Bucket, Key: "parts", UploadId };
});
afterAll(async () => {
  s3.destroy();
  await server.stop();
});

/** A body and what is said of it. */
interface Body {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
  readonly frame: (chunk: (text: string) => string) => string;
}

const SIZE = 2 * MIB;
const CHUNK = "x".repeat(64 * 1024);
const CHUNKS = Array.from({ length: SIZE / CHUNK.length }, () => CHUNK);

const CRC32 = Buffer.from(crc32(CHUNKS.join("")).toString(16).padStart(8, "0"), "hex").toString("base64");

const BODIES: Readonly<Record<string, Body>> = {
  "a plain body": {
    headers: { "Content-Length": `${SIZE}` },
    payload: "UNSIGNED-PAYLOAD",
    frame: () => CHUNKS.join(""),
  },
  "an aws-chunked body with a trailer": {
    headers: {
      "Content-Encoding": "aws-chunked",
      "Transfer-Encoding": "chunked",
      "x-amz-decoded-content-length": `${SIZE}`,
      "x-amz-trailer": "x-amz-checksum-crc32",
    },
    payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    frame: () => {
      const framed = CHUNKS.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
      return [...framed, `0\r\nx-amz-checksum-crc32:${CRC32}\r\n\r\n`, ""].map(httpChunk).join("");
    },
  },
  "an aws-chunked body of signed chunks": {
    headers: {
      "Content-Encoding": "aws-chunked",
      "Content-Length": `${SIZE + CHUNKS.length * 90 + 86}`,
      "x-amz-decoded-content-length": `${SIZE}`,
    },
    payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    frame: (sign) => `${[...CHUNKS, ""].map(sign).join("")}\r\n`,
  },
};

/** How many bytes of the body come: what lies in memory only, into a file, and all but the end. */
const CUTS = [1_000, 15 * 1024, 700_000, SIZE - 1] as const;

const ENDS = ["a reset", "an end of its side", "silence"] as const;

for (const [name, body] of Object.entries(BODIES))
  for (const target of ["put", "part"] as const)
    test(`${name} of a ${target} that stops: nothing stays`, async () => {
      const before = await seen();
      const path =
        target === "put" ? `/${Bucket}/key` : `/${Bucket}/parts?partNumber=1&uploadId=${part.UploadId}`;
      const answers = await Promise.all(
        ENDS.flatMap((end) =>
          CUTS.map(async (length) => {
            const text = requestOf(path, body, length);
            return { end, length, answer: await sendCut(text, end) };
          }),
        ),
      );
      for (const { end, length, answer } of answers)
        expect(answer, `${end} after ${length} bytes`).not.toMatch(/^HTTP\/1\.1 (2|403)/);
      await settled(before);
      const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: "key" }));
      expect(OLD.equals(Buffer.from((await Body?.transformToByteArray()) ?? []))).toBe(true);
      const { Parts = [] } = await s3.send(new sdk.ListPartsCommand(part));
      expect(Parts).toEqual([]);
    });

test("after all of them the upload goes on as if nothing had happened", async () => {
  const Body = randomBytes(MIB);
  const { ETag } = await s3.send(new sdk.UploadPartCommand({ ...part, PartNumber: 1, Body }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await s3.send(new sdk.CompleteMultipartUploadCommand({ ...part, MultipartUpload }));
  const { Uploads = [] } = await s3.send(new sdk.ListMultipartUploadsCommand({ Bucket }));
  expect(Uploads).toEqual([]);
  const whole = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: "parts" }));
  expect(Body.equals(Buffer.from((await whole.Body?.transformToByteArray()) ?? []))).toBe(true);
});

test("the same requests that do not stop are taken", async () => {
  for (const body of Object.values(BODIES)) {
    expect(await sendCut(requestOf(`/${Bucket}/whole`, body), "silence")).toMatch(/^HTTP\/1\.1 200/);
  }
});

/** Head and so many bytes of the body. */
function requestOf(path: string, body: Body, length?: number): string {
  const { request, chunk } = signer.signed({
    ...{ method: "PUT", target: path, headers: body.headers, payload: body.payload },
  });
  const headers = { ...request.headers, Connection: "close" };
  const head = [`PUT ${path} HTTP/1.1`, ...headerLines(headers), "", ""].join("\r\n");
  return head + body.frame((each) => chunk.frame(each)).slice(0, length);
}

function httpChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

/** Resolves to what the server said, "" for nothing, once the connection is gone. */
function sendCut(text: string, end: (typeof ENDS)[number]): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("data", (data) => {
      answer += data.toString("latin1");
    });
    socket.on("end", () => socket.end());
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
    socket.write(text, "latin1", () => {
      if (end === "silence") return;
      setTimeout(() => (end === "a reset" ? socket.resetAndDestroy() : socket.end()), 100);
    });
  });
}

interface Seen {
  readonly uploads: number;
  readonly blobs: number;
  readonly files: number;
  readonly requests: number;
}

async function seen(): Promise<Seen> {
  const text = await (await fetch(`${server.url}/-/metrics`)).text();
  const value = (name: string) =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  return {
    uploads: value('shosoin_storage{measure="uploads"}'),
    blobs: value('shosoin_storage{measure="blobs"}'),
    requests: value("shosoin_http_requests_in_flight"),
    files: readdirSync(join(server.data, "blobs"), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ).length,
  };
}

/** Bytes are removed right after the connection's end. */
async function settled(before: Seen): Promise<void> {
  let now = await seen();
  for (let patience = 0; patience < 200 && !Bun.deepEquals(now, before); patience++) {
    await sleep(50);
    now = await seen();
  }
  expect(now).toEqual(before);
  expect(now.uploads).toBe(0);
}
