import { describe, expect, test } from "bun:test";
import { checkPolicyDocument } from "./policy-document.ts";

const BUCKET = "my-bucket";

const GOOD = {
  Effect: "Allow",
  Principal: { AWS: "111122223333" },
  Action: "s3:GetObject",
  Resource: `arn:aws:s3:::${BUCKET}/*`,
};

function text(statement: unknown, more: object = {}): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statement, ...more });
}

describe("bucket policies that are taken", () => {
  const good: Readonly<Record<string, string>> = {
    "one statement": text(GOOD),
    "an older version": text([GOOD], { Version: "2008-10-17", Id: "mine" }),
    "bucket and objects": text([
      {
        ...GOOD,
        Sid: "all",
        Action: ["s3:ListBucket", "s3:Get*", "s3:*"],
        Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
      },
    ]),
    "a denial for all but one": text({
      Effect: "Deny",
      NotPrincipal: { AWS: "arn:aws:iam::111122223333:root" },
      NotAction: "s3:GetObject",
      Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
    }),
    "conditions of S3 and of all services": text({
      ...GOOD,
      Condition: {
        StringEquals: { "s3:ExistingObjectTag/team": "a", "s3:x-amz-acl": "private", "S3:VersionId": "v" },
        Bool: { "aws:SecureTransport": "true" },
        NumericLessThan: { "s3:TlsVersion": 1.2 },
      },
    }),
    "a folder of each caller": text({
      ...GOOD,
      Resource: `arn:aws:s3:::${BUCKET}/home/\${aws:userid}/*`,
    }),
    "wildcards that the bucket is one of": text({ ...GOOD, Resource: "arn:aws:s3:::*/*" }),
    "20 KB to the byte": text(GOOD).padEnd(20_480, " "),
  };
  for (const [title, document] of Object.entries(good))
    test(title, () => expect(() => checkPolicyDocument(document, BUCKET)).not.toThrow());
});

describe("bucket policies that are refused, with S3's reason", () => {
  const notJson = "Policies must be valid JSON and the first byte must be '{'";
  const noAction = "Policy has invalid action";
  const noResource = "Policy has invalid resource";
  const mismatch = "Action does not apply to any resource(s) in statement";
  const bad: readonly (readonly [title: string, document: string, reason: string])[] = [
    ["nothing", "", notJson],
    ["no JSON", "{", notJson],
    ["a list", "[]", notJson],
    ["a space before it", ` ${text(GOOD)}`, notJson],
    ["a member twice", text(GOOD).replace('"Effect"', '"Effect":"Deny","Effect"'), notJson],
    ["more than 20 KB", text(GOOD).padEnd(20_481, " "), "Policy exceeds the maximum allowed document size."],
    [
      "an unknown version",
      text(GOOD, { Version: "2020-01-01" }),
      "The policy must contain a valid version string",
    ],
    ["an unknown element", text(GOOD, { Foo: 1 }), "Unknown field Foo"],
    ["no statement", JSON.stringify({ Version: "2012-10-17" }), "Missing required field Statement"],
    ["no statements", text([]), "Could not parse the policy: Statement is empty!"],
    ["no effect", text({ ...GOOD, Effect: undefined }), "Missing required field Effect"],
    ["another effect", text({ ...GOOD, Effect: "Maybe" }), "Invalid effect: Maybe"],
    ["no principal", text({ ...GOOD, Principal: undefined }), "Missing required field Principal"],
    ["a principal of no form", text({ ...GOOD, Principal: { AWS: "me" } }), "Invalid principal in policy"],
    [
      "a principal of an unknown kind",
      text({ ...GOOD, Principal: { Foo: "*" } }),
      "Invalid principal in policy",
    ],
    ["no action", text({ ...GOOD, Action: undefined }), "Missing required field Action"],
    ["an action of another service", text({ ...GOOD, Action: "ec2:RunInstances" }), noAction],
    ["an action that there is not", text({ ...GOOD, Action: "s3:GetNothing" }), noAction],
    ["an action without a service", text({ ...GOOD, Action: "GetObject" }), noAction],
    ["no resource", text({ ...GOOD, Resource: undefined }), "Missing required field Resource"],
    ["another bucket", text({ ...GOOD, Resource: "arn:aws:s3:::other/*" }), noResource],
    [
      "this bucket and another",
      text({ ...GOOD, Resource: [GOOD.Resource, "arn:aws:s3:::other/*"] }),
      noResource,
    ],
    ["everything", text({ ...GOOD, Resource: "*" }), noResource],
    [
      "another service's resource",
      text({ ...GOOD, Resource: "arn:aws:sqs:us-east-1:111122223333:q" }),
      noResource,
    ],
    [
      "a bucket whose name only begins so",
      text({ ...GOOD, Resource: `arn:aws:s3:::${BUCKET}-2/*` }),
      noResource,
    ],
    ["an object's action on the bucket", text({ ...GOOD, Resource: `arn:aws:s3:::${BUCKET}` }), mismatch],
    ["a bucket's action on objects", text({ ...GOOD, Action: "s3:ListBucket" }), mismatch],
    [
      "an unknown condition key of S3",
      text({ ...GOOD, Condition: { StringEquals: { "s3:foo": "a" } } }),
      "Policy has an invalid condition key",
    ],
    [
      "a condition key of another service",
      text({ ...GOOD, Condition: { StringEquals: { "ec2:Region": "a" } } }),
      "Policy has an invalid condition key",
    ],
    [
      "an unknown operator",
      text({ ...GOOD, Condition: { StringIs: { "s3:prefix": "a" } } }),
      "Invalid Condition type : StringIs",
    ],
    [
      "an allowance for all but one",
      text({ ...GOOD, Principal: undefined, NotPrincipal: { AWS: "111122223333" } }),
      "Allow with NotPrincipal is not allowed.",
    ],
    [
      "the same Sid twice",
      text([
        { ...GOOD, Sid: "a" },
        { ...GOOD, Sid: "a" },
      ]),
      "Statement IDs (SID) in a single policy must be unique.",
    ],
  ];
  for (const [title, document, message] of bad)
    test(title, () =>
      expect(() => checkPolicyDocument(document, BUCKET)).toThrow(
        expect.objectContaining({ name: "MalformedPolicy", message }),
      ),
    );
});
