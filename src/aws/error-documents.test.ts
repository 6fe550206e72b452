import { expect, test } from "bun:test";
import { AwsError } from "./errors.ts";
import { loadServiceModel, type ModelKey } from "./models.ts";
import type { WireAnswer } from "./wire.ts";

/** Error documents to the letter, as each protocol's clients other than the SDK's (and people) read them. */

async function errorOf(key: ModelKey, error: AwsError): Promise<WireAnswer> {
  return (await loadServiceModel(key)).error(error, "request-1");
}

test("ECR: bare type, message in lower case, further members of the shape", async () => {
  const members = { registryId: "123456789012", repositoryName: "app", lastValidByteReceived: 5 };
  expect(await errorOf("ecr", new AwsError("InvalidLayerPartException", "Wrong part", { members }))).toEqual({
    status: 400,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "request-1" },
    body: '{"__type":"InvalidLayerPartException","registryId":"123456789012","repositoryName":"app","lastValidByteReceived":5,"message":"Wrong part"}',
  });
});

test("ECR: an error that is the server's fault is a 500 though the service did not say so", async () => {
  expect((await errorOf("ecr", new AwsError("ServerException", "Broken"))).status).toBe(500);
});

test("KMS: no query code, which botocore would take for the error's name", async () => {
  const { headers } = await errorOf("kms", new AwsError("NotFoundException", "No key"));
  expect(headers).not.toHaveProperty("x-amzn-query-error");
});

test("SQS: namespaced type, and the code of its old protocol beside it", async () => {
  const answer = await errorOf(
    "sqs",
    new AwsError("QueueDoesNotExist", "The specified queue does not exist."),
  );
  expect(answer.headers["x-amzn-query-error"]).toBe("AWS.SimpleQueueService.NonExistentQueue;Sender");
  expect(answer.headers["content-type"]).toBe("application/x-amz-json-1.0");
  expect(answer.body).toBe(
    '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}',
  );
});

test("CodeArtifact: name in a header, status from the model", async () => {
  expect(await errorOf("codeartifact", new AwsError("ResourceNotFoundException", "No domain"))).toEqual({
    status: 404,
    headers: {
      "content-type": "application/json",
      "x-amzn-errortype": "ResourceNotFoundException",
      "x-amzn-requestid": "request-1",
    },
    body: '{"message":"No domain"}',
  });
});

test("Lambda: Message with a capital where the shape has it", async () => {
  const { body } = await errorOf("lambda", new AwsError("ResourceNotFoundException", "No function"));
  expect(body).toBe('{"Message":"No function"}');
});

test("IAM: the query protocol's code and status, in an envelope", async () => {
  expect(await errorOf("iam", new AwsError("NoSuchEntityException", "No <user> & such"))).toEqual({
    status: 404,
    headers: { "content-type": "text/xml", "x-amzn-requestid": "request-1" },
    body:
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' +
      "<Code>NoSuchEntity</Code><Message>No &lt;user&gt; &amp; such</Message></Error>" +
      "<RequestId>request-1</RequestId></ErrorResponse>",
  });
});

test("EC2: Response, Errors, RequestID", async () => {
  const { body } = await errorOf("ec2", new AwsError("InvalidAMIID.NotFound", "No image"));
  expect(body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code>' +
      "<Message>No image</Message></Error></Errors><RequestID>request-1</RequestID></Response>",
  );
});

test("S3: an unwrapped Error with what the service adds, and both request ids in headers", async () => {
  const error = new AwsError("NoSuchKey", "The specified key does not exist.", { members: { Key: "a&b" } });
  const { status, headers, body } = await errorOf("s3", error);
  const hostId = headers["x-amz-id-2"] ?? "";
  expect(status).toBe(404);
  expect(headers["x-amz-request-id"]).toBe("request-1");
  expect(hostId).toMatch(/^[A-Za-z0-9+/]{64}$/);
  expect(body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>' +
      `<Key>a&amp;b</Key><RequestId>request-1</RequestId><HostId>${hostId}</HostId></Error>`,
  );
});

test("S3: GetBucketLocation's answer is the bare element", async () => {
  const model = await loadServiceModel("s3");
  const operation = model.operations.get("GetBucketLocation");
  if (!operation) throw new Error("S3 has no GetBucketLocation");
  expect(model.answer(operation, { LocationConstraint: "eu-west-1" }, "request-1").body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>',
  );
});

test.each([
  ["ecr", "PutLifecyclePolicy", "UnknownOperationException"],
  ["codeartifact", "CreateDomain", "UnknownOperationException"],
  ["iam", "CreateUser", "InvalidAction"],
  ["ec2", "RunInstances", "InvalidAction"],
  ["s3", "PutBucketAcl", "NotImplemented"],
] as const)("%s: an operation that is not offered is named, with 501", async (key, name, code) => {
  const model = await loadServiceModel(key);
  const operation = model.operations.get(name);
  if (!operation) throw new Error(`${key} has no ${name}`);
  const error = model.notImplemented(operation);
  expect(error.name).toBe(code);
  expect(error.message).toContain(`The operation ${name} of `);
  expect(error.message).toContain("Shosoin does not offer it");
  expect(model.error(error, "request-1").status).toBe(501);
});

test("a document stays XML whatever text of the client it repeats", async () => {
  const { body } = await errorOf("sts", new AwsError("InvalidAction", "<a>\u0000\u001f\ufffe\ud800&\t"));
  expect(body).toContain("<Message>&lt;a&gt;\ufffd\ufffd\ufffd\ufffd&amp;\t</Message>");
});
