/** One bucket under all of its names: by path, by host, and as AWS calls it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { sendRaw } from "../bad-input/raw-client.ts";
import { S3Signer, type Unsigned } from "../bad-input/s3-signer.ts";
import { RunningServer } from "../running-server.ts";

let server: RunningServer;
let signer: S3Signer;

beforeAll(async () => {
  server = await RunningServer.start({ args: ["--domain", "artifacts.test"] });
  signer = new S3Signer(server.rootKey, server.port);
  expect((await ask("localhost", { method: "PUT", target: "/my-bucket" })).status).toBe(200);
});

afterAll(() => server.stop());

const ask = (host: string, request: Unsigned) =>
  sendRaw(server.port, signer.sign({ ...request, headers: { Host: host, ...request.headers } }));

const BY_PATH = [
  "127.0.0.1",
  "localhost:1234",
  "s3.localhost",
  "s3.artifacts.test",
  "s3.us-east-1.artifacts.test",
  "s3.amazonaws.com",
  "s3.us-east-1.amazonaws.com",
  "s3.dualstack.us-east-1.amazonaws.com",
  "S3.US-EAST-1.AMAZONAWS.COM.",
];
const BY_HOST = [
  "my-bucket.s3.localhost",
  "my-bucket.localhost",
  "my-bucket.artifacts.test",
  "my-bucket.s3.artifacts.test",
  "my-bucket.s3.us-east-1.artifacts.test",
  "my-bucket.s3.amazonaws.com",
  "my-bucket.s3.us-east-1.amazonaws.com",
  "my-bucket.s3.dualstack.us-east-1.amazonaws.com",
  "my-bucket.s3-us-east-1.amazonaws.com:443",
];

test("what is put under one name is read under every other", async () => {
  expect((await ask("localhost", { method: "PUT", target: "/my-bucket/a/b", body: "content" })).status).toBe(
    200,
  );
  for (const host of BY_PATH)
    expect([host, (await ask(host, { target: "/my-bucket/a/b" })).body]).toEqual([host, "content"]);
  for (const host of BY_HOST) {
    expect([host, (await ask(host, { target: "/a/b" })).body]).toEqual([host, "content"]);
    expect((await ask(host, { target: "/?list-type=2" })).body).toContain("<Key>a/b</Key>");
  }
});

test("by its own host, a bucket has every key: also those that look like this server's own paths", async () => {
  for (const target of ["/v2/", "/v2/x", "/-/healthz", "/my-bucket/a", "//"]) {
    const host = "my-bucket.s3.us-east-1.amazonaws.com";
    expect([target, (await ask(host, { method: "PUT", target, body: target })).status]).toEqual([
      target,
      200,
    ]);
    expect((await ask(host, { target })).body).toBe(target);
    expect((await ask("localhost", { target: `/my-bucket${target}` })).body).toBe(target);
  }
});

test("a host of another region than was signed for is refused, and says which it is", async () => {
  const answer = await ask("my-bucket.s3.eu-west-1.amazonaws.com", { target: "/a/b" });
  expect(answer.status).toBe(400);
  expect(answer.body).toContain("<Code>AuthorizationHeaderMalformed</Code>");
  expect(answer.body).toContain("<Region>eu-west-1</Region>");
});
