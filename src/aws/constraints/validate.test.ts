import { describe, expect, test } from "bun:test";
import { AwsError } from "../errors.ts";
import { modelKeys } from "../models.ts";
import { readServiceSchemas } from "../schemas.ts";
import { compilePattern, linearPattern } from "./pattern.ts";
import type { ConstraintTable } from "./table.ts";
import { createValidator, type Validator } from "./validate.ts";

async function tableOf(key: string): Promise<ConstraintTable> {
  const file: { default: unknown } = await import(`./${key}.generated.json`, { with: { type: "json" } });
  return file.default as ConstraintTable;
}

async function validatorOf(key: string): Promise<Validator> {
  return createValidator(key, await tableOf(key));
}

/** `name: message` of the refusal, or "accepted". */
function refusal(validate: Validator, operation: string, input: object): string {
  try {
    validate(operation, input);
    return "accepted";
  } catch (error) {
    return error instanceof AwsError ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  }
}

/** Texts as AWS gives them, from issues and tests that quote it; where none was found the framework's usual one. */
const CASES: readonly (readonly [service: string, operation: string, input: object, expected: string])[] = [
  ["ecr", "CreateRepository", { repositoryName: "team/app" }, "accepted"],
  ["ecr", "CreateRepository", { repositoryName: "a".repeat(256) }, "accepted"],
  [
    "ecr",
    "CreateRepository",
    { repositoryName: "a".repeat(257) },
    "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length less than or equal to 256'",
  ],
  ["ecr", "DescribeRepositories", { maxResults: 1000 }, "accepted"],
  ["ecr", "DescribeRepositories", { maxResults: 1 }, "accepted"],
  [
    "ecr",
    "CreateRepository",
    { repositoryName: "Bad_Name!" },
    "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*''",
  ],
  [
    "ecr",
    "CreateRepository",
    { repositoryName: "a" },
    "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'",
  ],
  [
    "ecr",
    "CreateRepository",
    {},
    "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must not be null'",
  ],
  [
    "ecr",
    "DescribeRepositories",
    { repositoryNames: ["app", "App"] },
    "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*''",
  ],
  [
    "ecr",
    "DescribeRepositories",
    { maxResults: 10_000 },
    "InvalidParameterException: Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'",
  ],
  [
    "ecr",
    "BatchDeleteImage",
    { repositoryName: "app", imageIds: Array.from({ length: 101 }, () => ({ imageTag: "a" })) },
    "InvalidParameterException: Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to 100'",
  ],
  [
    "ecr",
    "PutImageTagMutability",
    { repositoryName: "app", imageTagMutability: "immutable" },
    "InvalidParameterException: Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]'",
  ],
  [
    "ecr",
    "GetAuthorizationToken",
    { registryIds: ["12345678901"] },
    "InvalidParameterException: Invalid parameter at 'registryIds' failed to satisfy constraint: 'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]'",
  ],
  [
    "ecr",
    "CreateRepository",
    { repositoryName: "app", tags: [{ Key: "a", Value: "b" }, { Value: "b" }] },
    "InvalidParameterException: Invalid parameter at 'tags.2.member.key' failed to satisfy constraint: 'Member must not be null'",
  ],
  [
    "ecr",
    "PutImage",
    { repositoryName: "app", imageManifest: "{}", imageTag: "library/a:b" },
    "InvalidParameterException: Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9-_.]+''",
  ],
  [
    "cloudformation",
    "DescribeChangeSet",
    { ChangeSetName: "a", StackName: "" },
    "ValidationError: 2 validation errors detected: Value '' at 'stackName' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z][-a-zA-Z0-9]*)|(arn:\\b(aws|aws-us-gov|aws-cn)\\b:[-a-zA-Z0-9:/._+]*)",
  ],
  [
    "iam",
    "TagUser",
    { UserName: "alice", Tags: [{ Key: "#%", Value: "v" }] },
    "ValidationError: 1 validation error detected: Value '#%' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
  ],
  [
    "sts",
    "AssumeRole",
    { RoleArn: "arn:aws:iam::123456789012:role/a", RoleSessionName: "ab", DurationSeconds: 43201 },
    "ValidationError: 1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
  ],
  [
    "lambda",
    "CreateFunctionUrlConfig",
    { FunctionName: "f", AuthType: "NONE", Cors: { AllowMethods: ["GET", "OPTIONS"] } },
    "ValidationException: 1 validation error detected: Value '[GET, OPTIONS]' at 'cors.allowMethods' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 6, Member must satisfy regular expression pattern: .*, Member must not be null]",
  ],
  [
    "eventbridge",
    "CreateEventBus",
    { Name: "a b" },
    "ValidationException: 1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+",
  ],
  [
    "codeartifact",
    "CreateDomain",
    {},
    "ValidationException: 1 validation error detected: Value null at 'domain' failed to satisfy constraint: Member must not be null",
  ],
  [
    "imagebuilder",
    "CreateComponent",
    { name: "a", semanticVersion: "1.0.x", platform: "Linux", clientToken: "t" },
    "InvalidParameterValueException: The value supplied for parameter 'name' is not valid. name must match pattern ^[-_A-Za-z-0-9][-_A-Za-z0-9 ]{1,126}[-_A-Za-z-0-9]$",
  ],
  [
    "sqs",
    "SendMessage",
    { QueueUrl: "q" },
    "MissingParameter: The request must contain the parameter MessageBody.",
  ],
  [
    "ec2",
    "DescribeInstances",
    { MaxResults: 1.5 },
    "threw Malformed: NUMBER_VALUE can not be converted to an Integer",
  ],
  ["ec2", "CreateSubnet", {}, "MissingParameter: The request must contain the parameter VpcId"],
  ["s3", "PutBucketTagging", { Bucket: "b" }, "MissingRequestBodyError: Request Body is empty"],
  [
    "s3",
    "PutBucketTagging",
    { Bucket: "b", Tagging: { TagSet: [{ Key: "a" }] } },
    "MalformedXML: The XML you provided was not well-formed or did not validate against our published schema",
  ],
];

describe("an input that breaks a constraint is refused in the service's own words", () => {
  test.each(CASES)("%s %s %j", async (service, operation, input, expected) => {
    expect(refusal(await validatorOf(service), operation, input)).toBe(expected);
  });
});

test("a password is not repeated in the refusal", async () => {
  const validate = await validatorOf("iam");
  expect(refusal(validate, "CreateLoginProfile", { UserName: "a", Password: "\u0100secret" })).not.toContain(
    "secret",
  );
});

test("a hostile input gets a message of bounded length", async () => {
  const validate = await validatorOf("iam");
  const Tags = Array.from({ length: 10_000 }, () => ({ Key: "#".repeat(10_000), Value: "#" }));
  const message = refusal(validate, "TagUser", { UserName: "a", Tags });
  expect(message.length).toBeLessThan(100_000);
});

test.each([...modelKeys])("every operation of %s that needs a member has constraints", async (key) => {
  const schemas = readServiceSchemas(await import(`@aws-sdk/client-${key}`));
  const { inputs } = await tableOf(key);
  const demanding = [...schemas.operations.values()].filter((operation) => operation.requiredMembers > 0);
  expect(demanding.length).toBeGreaterThan(5);
  expect(demanding.filter((operation) => !Object.hasOwn(inputs, operation.name))).toEqual([]);
});

/** Each was looked at: no repeat within a repeat but over disjoint alternatives and of a bounded length. */
const BEYOND_RE2 = [
  "imagebuilder FilterName",
  "imagebuilder FilterValue",
  "imagebuilder TagKey",
  "eventbridge PathParameter",
  "iam accountAliasType",
  "ssm AlarmName",
  "ssm CloudConnectorIamRoleArn",
  "ssm DocumentReviewComment",
  "ssm InstancePropertyFilterValue",
  "ssm InstancePropertyStringFilterKey",
  "ssm MetadataKey",
  "ssm OpsItemCategory",
  "ssm OpsItemDataKey",
  "ssm OpsItemSeverity",
  "ssm OpsItemSource",
  "ssm OpsItemTitle",
  "ssm OpsMetadataFilterKey",
  "ssm OpsMetadataResourceId",
  "ssm Policy",
  "ssm RegistrationMetadataKey",
  "ssm RegistrationMetadataValue",
  "ssm TargetLocationsURL",
  "lambda Alias",
  "lambda CollectionName",
  "lambda FunctionUrlFunctionName",
  "lambda FunctionUrlQualifier",
  "lambda S3Bucket",
  "ec2 SecretArn",
];

test("all patterns but those looked at run in linear time, and those compile", async () => {
  const beyond: string[] = [];
  for (const key of modelKeys) {
    for (const [shape, { pattern }] of Object.entries((await tableOf(key)).shapes)) {
      if (pattern === undefined || linearPattern(pattern)) continue;
      compilePattern(pattern)("a");
      beyond.push(`${key} ${shape}`);
    }
  }
  expect(beyond).toEqual(BEYOND_RE2);
});

test("a value made to make patterns backtrack is refused at once", async () => {
  const validate = await validatorOf("ecr");
  const value = `${"a".repeat(255)}!`;
  expect(refusal(validate, "CreateRepository", { repositoryName: value })).toStartWith(
    "InvalidParameterException",
  );
  const s3 = await validatorOf("iam");
  expect(refusal(s3, "GetUser", { UserName: "a".repeat(100_000) })).toStartWith("ValidationError");
});
