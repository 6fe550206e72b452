import { describe, expect, test } from "bun:test";
import { ecr, form, outcome, rest } from "./hostile-input.samples.ts";
import type { ModelKey } from "./models.ts";
import type { WireRequest } from "./wire.ts";

/** Requests as no SDK sends them: each gets an error of its protocol, and never anything but an AwsError. */

const deepJson = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const invalidUtf8 = Buffer.from([0x7b, 0x22, 0x61, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);

const JSON_CASES: readonly (readonly [title: string, request: WireRequest, expected: string | RegExp])[] = [
  ["no body is an empty input", ecr("DescribeRepositories", ""), "{}"],
  [
    "unknown members are ignored",
    ecr("DescribeRepositories", '{"x":{"y":[1]},"maxResults":5}'),
    '{"maxResults":5}',
  ],
  ["null is absence", ecr("DescribeRepositories", '{"maxResults":null}'), "{}"],
  [
    "the last of a repeated key counts",
    ecr("DescribeRepositories", '{"maxResults":5,"maxResults":7}'),
    '{"maxResults":7}',
  ],
  [
    "broken JSON",
    ecr("DescribeRepositories", '{"maxResults":'),
    /^400 SerializationException: .*not valid JSON$/,
  ],
  ["trailing text", ecr("DescribeRepositories", "{} {}"), /^400 SerializationException: /],
  ["NaN", ecr("DescribeRepositories", '{"maxResults":NaN}'), /^400 SerializationException: /],
  ["invalid UTF-8", ecr("DescribeRepositories", invalidUtf8), /^400 SerializationException: .*UTF-8$/],
  [
    "a list for the input",
    ecr("DescribeRepositories", "[]"),
    "400 SerializationException: Start of list found where not expected",
  ],
  ["a text for the input", ecr("DescribeRepositories", '"x"'), /^400 SerializationException: /],
  ["null for the input", ecr("DescribeRepositories", "null"), /^400 SerializationException: /],
  [
    "a text for a number",
    ecr("DescribeRepositories", '{"maxResults":"5"}'),
    "400 SerializationException: STRING_VALUE can not be converted to a Number",
  ],
  [
    "a number for a text",
    ecr("ListImages", '{"repositoryName":1}'),
    "400 SerializationException: NUMBER_VALUE can not be converted to a String",
  ],
  [
    "a structure for a text",
    ecr("ListImages", '{"repositoryName":{}}'),
    "400 SerializationException: Start of structure or map found where not expected",
  ],
  [
    "a text for a list",
    ecr("BatchGetImage", '{"repositoryName":"app","imageIds":"x"}'),
    /^400 SerializationException: /,
  ],
  [
    "null in a list",
    ecr("BatchGetImage", '{"repositoryName":"app","imageIds":[null]}'),
    /^400 SerializationException: /,
  ],
  [
    "a fraction for an integer",
    ecr("DescribeRepositories", '{"maxResults":1.5}'),
    /^400 SerializationException: /,
  ],
  [
    "an integer beyond all sizes",
    ecr("DescribeRepositories", '{"maxResults":1e999}'),
    /^400 SerializationException: /,
  ],
  [
    "half a surrogate pair",
    ecr("ListImages", '{"repositoryName":"\\ud800"}'),
    /^400 SerializationException: /,
  ],
  ["U+0000", ecr("ListImages", '{"repositoryName":"a\\u0000b"}'), /^400 SerializationException: /],
  [
    "broken base64",
    ecr(
      "UploadLayerPart",
      '{"repositoryName":"app","uploadId":"u","partFirstByte":0,"partLastByte":1,"layerPartBlob":"!!!!"}',
    ),
    /^400 SerializationException: .*base64$/,
  ],
  ["__proto__ as a key", ecr("DescribeRepositories", '{"__proto__":{"maxResults":5},"constructor":1}'), "{}"],
  ["64 levels", ecr("DescribeRepositories", `{"x":${deepJson(63)}}`), "{}"],
  [
    "65 levels",
    ecr("DescribeRepositories", `{"x":${deepJson(64)}}`),
    "400 SerializationException: The request nests deeper than 64 levels",
  ],
  [
    "brackets in texts are no levels",
    ecr("DescribeRepositories", JSON.stringify({ x: `"${"[".repeat(100)}\\`, y: "{".repeat(100) })),
    "{}",
  ],
  [
    "a bomb of brackets",
    ecr("DescribeRepositories", deepJson(1_000_000)),
    /^400 SerializationException: .*64 levels$/,
  ],
  [
    "a huge list",
    ecr("BatchGetImage", `{"repositoryName":"app","imageIds":[${"{},".repeat(40_000)}{}]}`),
    /^400 InvalidParameterException: .*'Member must have length less than or equal to 100'$/,
  ],
  [
    "more values than any call has",
    ecr("DescribeRepositories", `{"x":[${"1,".repeat(100_000)}1]}`),
    "400 SerializationException: The request has more than 100000 values",
  ],
  [
    "commas in texts are no values",
    ecr("DescribeRepositories", JSON.stringify({ x: ",".repeat(200_000) })),
    "{}",
  ],
  ["no target", ecr("x", "{}", { "x-amz-target": "" }), /^400 UnknownOperationException: /],
  [
    "another service's target",
    ecr("x", "{}", { "x-amz-target": "TrentService.ListKeys" }),
    /^400 UnknownOperationException: /,
  ],
  ["a target out of the prototype", ecr("constructor", "{}"), /^400 UnknownOperationException: /],
  [
    "another content type",
    ecr("DescribeRepositories", "{}", { "content-type": "text/xml" }),
    /^404 UnknownOperationException: /,
  ],
  ["a GET", { ...ecr("DescribeRepositories", ""), method: "GET" }, /^404 UnknownOperationException: /],
];

const FORM_CASES: readonly (readonly [
  key: ModelKey,
  title: string,
  request: WireRequest,
  expected: string | RegExp,
])[] = [
  [
    "sts",
    "GET with a query string",
    { ...form("", "/?Action=GetCallerIdentity&Version=2011-06-15"), method: "GET" },
    "{}",
  ],
  ["sts", "no action", form("Version=2011-06-15"), /^400 MissingAction: /],
  [
    "sts",
    "an unknown action",
    form("Action=GetFoo"),
    "400 InvalidAction: Could not find operation GetFoo for version 2011-06-15",
  ],
  ["sts", "a huge action", form(`Action=${"x".repeat(100_000)}`), /^400 InvalidAction: .{0,300}$/],
  ["sts", "broken percent signs", form("Action=%ZZ"), /^400 MalformedInput: /],
  ["sts", "percent signs that are no UTF-8", form("Action=%ff%fe"), /^400 MalformedInput: /],
  ["sts", "bytes that are no UTF-8", form(Buffer.from([0x41, 0x3d, 0xff])), /^400 MalformedInput: /],
  [
    "sts",
    "a text for a number",
    form("Action=GetSessionToken&DurationSeconds=abc"),
    /^400 MalformedInput: .*Number$/,
  ],
  [
    "iam",
    "a text for a boolean",
    form("Action=UpdateAccountPasswordPolicy&RequireSymbols=maybe"),
    /^400 MalformedInput: /,
  ],
  ["iam", "an empty list", form("Action=TagUser&UserName=a&Tags="), '{"UserName":"a","Tags":[]}'],
  [
    "iam",
    "list elements in any order, with gaps and oddities",
    form(
      `Action=UntagUser&UserName=a&TagKeys.member.7=c&TagKeys.member.2=b&TagKeys.member.x=z&TagKeys.member.99999999999=z`,
    ),
    '{"UserName":"a","TagKeys":["b","c"]}',
  ],
  [
    "iam",
    "a name of thousands of levels",
    form(`Action=ListUsers&${"a.".repeat(10_000)}=1`),
    /^400 MalformedInput: .*levels$/,
  ],
  [
    "iam",
    "more parameters than any call has",
    form(`Action=ListUsers${"&".repeat(100_001)}`),
    /^400 MalformedInput: .*values$/,
  ],
  [
    "iam",
    "thousands of names of many levels each",
    form(
      `Action=ListUsers&${Array.from({ length: 2_000 }, (_, index) => `x${index}.${"a.".repeat(60)}a=1`).join("&")}`,
    ),
    /^400 MalformedInput: .*values$/,
  ],
  ["iam", "__proto__ as a name", form("Action=ListUsers&__proto__.MaxItems=5&constructor=1"), "{}"],
  ["iam", "U+0000", form("Action=GetUser&UserName=a%00b"), /^400 MalformedInput: /],
  [
    "ec2",
    "an unknown action",
    form("Action=Foo"),
    "400 InvalidAction: The action Foo is not valid for this web service.",
  ],
  [
    "ec2",
    "a text for a number",
    form("Action=DescribeInstances&MaxResults=abc"),
    /^400 InvalidParameterValue: /,
  ],
  [
    "cloudformation",
    "another content type",
    { ...form('{"a":1}'), headers: { "content-type": "application/json" } },
    /^400 MissingAction: /,
  ],
];

const REST_CASES: readonly (readonly [
  key: ModelKey,
  title: string,
  request: WireRequest,
  expected: string | RegExp,
])[] = [
  ["codeartifact", "an unknown path", rest("GET", "/v1/nothing"), /^404 UnknownOperationException: /],
  [
    "codeartifact",
    "an unknown method",
    rest("PATCH", "/v1/domain?domain=abc"),
    /^404 UnknownOperationException: /,
  ],
  [
    "codeartifact",
    "a required parameter missing",
    rest("POST", "/v1/domain"),
    /^400 ValidationException: .*'domain'.*not be null$/,
  ],
  [
    "codeartifact",
    "broken percent signs",
    rest("POST", "/v1/domain?domain=%zz"),
    /^400 SerializationException: /,
  ],
  [
    "codeartifact",
    "broken JSON",
    rest("POST", "/v1/domain?domain=abc", "{"),
    /^400 SerializationException: /,
  ],
  [
    "codeartifact",
    "another content type",
    rest("POST", "/v1/domain?domain=abc", "{}", "text/xml"),
    /^415 UnsupportedMediaTypeException: /,
  ],
  [
    "codeartifact",
    "an unreadable number in the query",
    rest("POST", "/v1/repositories?max-results=many"),
    /^400 SerializationException: /,
  ],
  [
    "lambda",
    "a label that is no UTF-8",
    rest("GET", "/2015-03-31/functions/%ff"),
    /^400 SerializationException: /,
  ],
  ["lambda", "a trailing slash", rest("GET", "/2015-03-31/functions/"), "{}"],
  ["s3", "an unknown method", rest("PATCH", "/bucket/key"), /^405 MethodNotAllowed: /],
  [
    "s3",
    "a sub-resource that only a bucket has, of an object",
    rest("DELETE", "/bucket/key?policy"),
    /^405 MethodNotAllowed: /,
  ],
  ["s3", "broken XML", rest("PUT", "/bucket?tagging", "<Tagging>"), /^400 MalformedXML: /],
  ["s3", "JSON for XML", rest("PUT", "/bucket?tagging", "{}"), /^400 MalformedXML: /],
  [
    "s3",
    "a document type",
    rest("PUT", "/bucket?tagging", '<!DOCTYPE a [<!ENTITY x "y">]><Tagging><TagSet/></Tagging>'),
    /^400 MalformedXML: /,
  ],
  ["s3", "a bomb of elements", rest("PUT", "/bucket?tagging", "<a>".repeat(300_000)), /^400 MalformedXML: /],
  [
    "s3",
    "more elements than any document has",
    rest("PUT", "/bucket?tagging", `<Tagging><TagSet>${"<Tag></Tag>".repeat(100_000)}</TagSet></Tagging>`),
    /^400 MalformedXML: /,
  ],
  [
    "s3",
    "an element where a text belongs",
    rest(
      "PUT",
      "/bucket?versioning",
      "<VersioningConfiguration><Status><a/></Status></VersioningConfiguration>",
    ),
    /^400 MalformedXML: /,
  ],
  [
    "s3",
    "a text given twice",
    rest(
      "PUT",
      "/bucket?versioning",
      "<VersioningConfiguration><Status>Enabled</Status><Status>Enabled</Status></VersioningConfiguration>",
    ),
    /^400 MalformedXML: /,
  ],
  [
    "s3",
    "elements named like parts of every object",
    rest(
      "PUT",
      "/bucket?versioning",
      "<V><constructor>x</constructor><__proto__><Status>Enabled</Status></__proto__></V>",
    ),
    '{"Bucket":"bucket","VersioningConfiguration":{}}',
  ],
];

describe("awsJson", () => {
  test.each(JSON_CASES)("%s", async (_, request, expected) => {
    expect(await outcome("ecr", request)).toMatch(whole(expected));
  });
});
describe("query", () => {
  test.each(FORM_CASES)("%s: %s", async (key, _, request, expected) => {
    expect(await outcome(key, request)).toMatch(whole(expected));
  });
});
describe("rest", () => {
  test.each(REST_CASES)("%s: %s", async (key, _, request, expected) => {
    expect(await outcome(key, request)).toMatch(whole(expected));
  });
});

/** A text stands for itself from beginning to end. */
function whole(expected: string | RegExp): RegExp {
  if (expected instanceof RegExp) return expected;
  return new RegExp(`^${expected.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
}
