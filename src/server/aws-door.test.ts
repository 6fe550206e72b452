import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { CodeartifactClient, ListDomainsCommand } from "@aws-sdk/client-codeartifact";
import { DescribeRepositoriesCommand, ECRClient, ListImagesCommand } from "@aws-sdk/client-ecr";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { AwsError } from "../aws/errors.ts";
import type { AccountId } from "../aws/names.ts";
import { NodeSha256 } from "../aws/sigv4/testing/sdk-signer.ts";
import { verifySignature } from "../aws/sigv4/verify.ts";
import type { Call } from "../identity/call.ts";
import { sts } from "../services/sts/index.ts";
import { StorageFull } from "../storage/blobs/errors.ts";
import { MetadataUnavailable } from "../storage/metadata/errors.ts";
import { awsDoor } from "./aws-door.ts";
import { createBodyReader } from "./request-body.ts";
import { type OpenServer, openServer } from "./testing/open-server.ts";
import { RawClient } from "./testing/raw-client.ts";

const ACCOUNT = "123456789012" as AccountId;
const credentials = { accessKeyId: "AKIAEXAMPLEEXAMPLE01", secretAccessKey: "a secret of some length" };

let opened: OpenServer;
/** What the only ECR operation does in this test. */
let work: (call: Call, input: { repositoryNames?: string[] | undefined }) => Promise<object>;

beforeEach(async () => {
  work = async () => ({ repositories: [] });
  const bodies = createBodyReader(100_000, 150_000, { accessKey: 150_000, network: 150_000 });
  const door = awsDoor({
    services: [
      {
        model: "ecr",
        operations: { DescribeRepositories: (call: Call, input: never) => work(call, input) },
      },
      sts,
    ],
    identity: {
      async authenticate(signed, request, bodySha256) {
        verifySignature(signed, credentials.secretAccessKey, request, await bodySha256?.());
        const accessKeyId = signed.accessKeyId;
        return {
          kind: "root",
          account: ACCOUNT,
          arn: `arn:aws:iam::${ACCOUNT}:root`,
          userId: ACCOUNT,
          accessKeyId,
        };
      },
    },
    bodies: { ofSigners: bodies, ofStrangers: bodies },
  });
  opened = await openServer(door);
});

afterEach(() => opened.server.stop(0));

function settings() {
  return { endpoint: opened.server.url, region: "eu-west-1", credentials, maxAttempts: 1 };
}

function describeRepositories(...repositoryNames: string[]) {
  return new ECRClient(settings()).send(new DescribeRepositoriesCommand({ repositoryNames }));
}

async function failureOf(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata: { httpStatusCode: number } };
    return { name, message, status: $metadata.httpStatusCode };
  }
  throw new Error("it did not fail");
}

test("a signed request reaches its operation with who, where and what", async () => {
  let seen: unknown;
  work = async (call, input) => {
    seen = {
      account: call.account,
      region: call.region,
      key: call.principal.accessKeyId,
      baseUrl: call.baseUrl,
      input,
    };
    return { repositories: [{ repositoryName: "app" }] };
  };
  const { repositories } = await describeRepositories("app");
  expect(repositories?.[0]?.repositoryName).toBe("app");
  expect(seen).toEqual({
    account: ACCOUNT,
    region: "eu-west-1",
    key: credentials.accessKeyId,
    baseUrl: opened.server.url,
    input: { repositoryNames: ["app"] },
  });
});

test("services share the endpoint: the signature's scope chooses", async () => {
  const identity = await new STSClient(settings()).send(new GetCallerIdentityCommand({}));
  expect(identity.Account).toBe(ACCOUNT);
  while (!opened.lines.some((line) => line["operation"] === "sts:GetCallerIdentity")) await sleep(5);
});

describe("errors come in the protocol's own form", () => {
  test("an error of the operation keeps its name and text", async () => {
    work = async () => {
      throw new AwsError("RepositoryNotFoundException", "There is none.");
    };
    expect(await failureOf(describeRepositories("app"))).toEqual({
      name: "RepositoryNotFoundException",
      message: "There is none.",
      status: 400,
    });
  });

  test("a bug is ServerException with the request id; the log alone has the reason", async () => {
    work = async () => {
      throw new TypeError("the secret reason");
    };
    const { name, message, status } = await failureOf(describeRepositories("app"));
    expect({ name, status }).toEqual({ name: "ServerException", status: 500 });
    const entry = opened.lines.find((line) => line["msg"] === "an operation failed");
    expect(JSON.stringify(entry)).toContain("the secret reason");
    expect(message).toContain(String(entry?.["requestId"]));
    expect(message).not.toContain("secret");
  });

  test.each([
    [StorageFull, "InsufficientStorage", 507],
    [MetadataUnavailable, "ServiceUnavailable", 503],
  ] as const)("%s is said so", async (Failure, name, status) => {
    work = async () => {
      throw new Failure("the reason");
    };
    expect(await failureOf(describeRepositories("app"))).toMatchObject({ name, status });
  });

  test("an input that breaks its constraints never reaches the operation", async () => {
    let reached = false;
    work = async () => {
      reached = true;
      return {};
    };
    const { name, message } = await failureOf(describeRepositories("UPPER CASE"));
    expect(name).toBe("InvalidParameterException");
    expect(message).toContain("Invalid parameter at 'repositoryName'");
    expect(reached).toBe(false);
  });

  test("an operation or service that is not here names itself", async () => {
    const image = await failureOf(
      new ECRClient(settings()).send(new ListImagesCommand({ repositoryName: "app" })),
    );
    expect(image).toMatchObject({ name: "UnknownOperationException", status: 501 });
    expect(image.message).toContain("ListImages of Amazon ECR");
    const buckets = await failureOf(new S3Client(settings()).send(new ListBucketsCommand({})));
    expect(buckets).toMatchObject({ name: "NotImplemented", status: 501 });
    const domains = await failureOf(new CodeartifactClient(settings()).send(new ListDomainsCommand({})));
    expect(domains.message).toContain("ListDomains of AWS CodeArtifact");
  });

  test("a wrong secret is told in the words of each service", async () => {
    const wrong = { ...settings(), credentials: { ...credentials, secretAccessKey: "another secret" } };
    const ecr = await failureOf(new ECRClient(wrong).send(new DescribeRepositoriesCommand({})));
    expect(ecr).toMatchObject({ name: "InvalidSignatureException", status: 400 });
    const identity = await failureOf(new STSClient(wrong).send(new GetCallerIdentityCommand({})));
    expect(identity).toMatchObject({ name: "SignatureDoesNotMatch", status: 403 });
    const buckets = await failureOf(new S3Client(wrong).send(new ListBucketsCommand({})));
    expect(buckets).toMatchObject({ name: "SignatureDoesNotMatch", status: 403 });
  });
});

describe("a request without signature gets the document that its client reads", () => {
  const json = "application/x-amz-json-1.1";
  const form = "application/x-www-form-urlencoded";
  const cases: readonly [
    method: string,
    path: string,
    headers: Record<string, string>,
    status: number,
    type: string,
    says: string,
  ][] = [
    [
      "POST",
      "/",
      { "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.ListImages", "content-type": json },
      400,
      json,
      "MissingAuthenticationTokenException",
    ],
    ["POST", "/", { "x-amz-target": "Nothing.AtAll" }, 400, json, "MissingAuthenticationTokenException"],
    ["POST", "/", { "content-type": json }, 400, json, "MissingAuthenticationTokenException"],
    ["POST", "/", { "content-type": form }, 403, "text/xml", "<Code>MissingAuthenticationToken</Code>"],
    [
      "GET",
      "/?Action=GetCallerIdentity&Version=2011-06-15",
      {},
      403,
      "text/xml",
      "<Code>MissingAuthenticationToken</Code>",
    ],
    [
      "GET",
      "/",
      { host: "sts.us-east-1.localhost" },
      403,
      "text/xml",
      "<Code>MissingAuthenticationToken</Code>",
    ],
    [
      "GET",
      "/",
      { host: "api.ecr.us-east-1.amazonaws.com" },
      400,
      json,
      "MissingAuthenticationTokenException",
    ],
    [
      "GET",
      "/",
      { host: "no-such-service.us-east-1.localhost" },
      403,
      "application/xml",
      "<Code>AccessDenied</Code>",
    ],
    [
      "POST",
      "/v1/domains",
      { "content-type": "application/json" },
      403,
      "application/json",
      "Missing Authentication Token",
    ],
    ["GET", "/bucket/key", {}, 403, "application/xml", "<Code>AccessDenied</Code>"],
    ["DELETE", "/%00/../..%2f", {}, 403, "application/xml", "<Code>AccessDenied</Code>"],
  ];
  test.each(cases)("%s %s %j", async (method, path, headers, status, type, says) => {
    const raw = new RawClient(opened.port);
    const lines = Object.entries({ host: "localhost", connection: "close", ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    raw.send(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    const answer = await raw.untilClosed();
    expect(answer).toStartWith(`HTTP/1.1 ${status} `);
    expect(answer.toLowerCase()).toContain(`content-type: ${type}`);
    expect(answer).toContain(says);
    expect(answer.toLowerCase()).toMatch(/x-amz(n)?-request-?id: [0-9a-f-]{36}/);
  });
});

/** A request signed by the SDK's signer but sent byte for byte as the test wants. */
async function signed(plan: {
  readonly service: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly secretAccessKey?: string;
}): Promise<string> {
  const signer = new SignatureV4({
    credentials: { ...credentials, secretAccessKey: plan.secretAccessKey ?? credentials.secretAccessKey },
    region: "eu-west-1",
    service: plan.service,
    sha256: NodeSha256,
  });
  const method = plan.method ?? "POST";
  const hostname = plan.host ?? "localhost";
  const { headers } = await signer.sign({
    method,
    protocol: "http:",
    hostname,
    path: "/",
    headers: { host: hostname, ...plan.headers },
    body: plan.body,
  });
  return `${method} / HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}`;
}

const TARGET = {
  "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
  "content-type": "application/x-amz-json-1.1",
};

describe("bodies", () => {
  test("a body that is not the signed one is refused", async () => {
    const head = await signed({ service: "ecr", headers: TARGET, body: '{"maxResults":1}' });
    const raw = new RawClient(opened.port);
    raw.send(`${head}Content-Length: 16\r\n\r\n{"maxResults":2}`);
    expect(await raw.until("}")).toContain("InvalidSignatureException");
  });

  test("one that is too large is refused, declared or not", async () => {
    for (const framing of ["Content-Length: 100001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"]) {
      const head = await signed({ service: "ecr", headers: TARGET, body: "" });
      const raw = new RawClient(opened.port);
      raw.send(head + framing);
      if (framing.startsWith("T")) raw.send(`186a1\r\n${"x".repeat(100_001)}`);
      expect(await raw.until("}")).toContain("RequestEntityTooLarge");
      raw.destroy();
    }
  });

  test("with a declared hash, a wrong signature is refused before the body is sent", async () => {
    const headers = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    const plan = { service: "s3", method: "PUT", headers, secretAccessKey: "another secret" };
    const raw = new RawClient(opened.port);
    raw.send(`${await signed(plan)}Expect: 100-continue\r\nContent-Length: 10000000000\r\n\r\n`);
    const answer = await raw.untilClosed();
    expect(answer).toStartWith("HTTP/1.1 403 ");
    expect(answer).not.toContain("100 Continue");
  });

  test("many at once do not take more memory than the budget", async () => {
    const head = await signed({ service: "ecr", headers: TARGET, body: "x" });
    const uploads = [new RawClient(opened.port), new RawClient(opened.port)];
    for (const upload of uploads) {
      upload.send(`${head}Content-Length: 90000\r\n\r\n${"x".repeat(80_000)}`);
    }
    const refused = await Promise.race(uploads.map((upload) => upload.until("}")));
    expect(refused).toContain("ServiceUnavailable");
    for (const upload of uploads) upload.destroy();
    await sleep(50);
    await describeRepositories("app");
  });
});

test("a signature for another region than the host's is refused", async () => {
  const host = "api.ecr.us-east-1.localhost";
  const raw = new RawClient(opened.port);
  raw.send(
    `${await signed({ service: "ecr", host, headers: TARGET, body: "{}" })}Content-Length: 2\r\n\r\n{}`,
  );
  expect(await raw.until("}")).toContain("Credential should be scoped to a valid region");
});

test("a service nobody knows is named in the answer", async () => {
  const headers = {
    "x-amz-target": "DynamoDB_20120810.ListTables",
    "content-type": "application/x-amz-json-1.0",
  };
  const raw = new RawClient(opened.port);
  raw.send(`${await signed({ service: "dynamodb", headers, body: "{}" })}Content-Length: 2\r\n\r\n{}`);
  const answer = await raw.until("}");
  expect(answer).toContain("UnknownService");
  expect(answer).toContain('\\"dynamodb\\"');
});

test("HEAD gets the error's status without its document", async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    httpRequest(`${opened.server.url}/bucket/key`, { method: "HEAD" }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    })
      .on("error", reject)
      .end();
  });
  expect(status).toBe(403);
});
