import { afterAll, beforeAll, expect, test } from "bun:test";
import { RunningServer } from "../running-server.ts";
import { sendRaw } from "./raw-client.ts";

/** Requests to the AWS APIs that are wrong before any operation is reached. */
let server: RunningServer;
beforeAll(async () => {
  server = await RunningServer.start({ args: ["--log-level", "error"] });
});
afterAll(async () => {
  await server?.stop();
});

/** Signed with a key that does not exist, over a body of which nothing was declared. */
function signedByNobody(): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/us-east-1/ecr/aws4_request`;
  const credential = `Credential=AKIANOBODYNOBODY0000/${scope}`;
  return {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
    "X-Amz-Date": time,
    Authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${"0".repeat(64)}`,
  };
}

test("who signs with a key that does not exist hears so before any byte of the body is taken", async () => {
  // 30 MB are announced and never come: an answer shows that nobody waits for them.
  const answer = await sendRaw(server.port, {
    method: "POST",
    target: "/",
    headers: signedByNobody(),
    announced: 30_000_000,
  });
  expect([answer.status, JSON.parse(answer.body).__type]).toEqual([400, "UnrecognizedClientException"]);
});
