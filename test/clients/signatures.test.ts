/** Requests that botocore, the AWS CLI and curl sign, verified from what came over the socket. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startVerifyingServer, type VerifyingServer } from "../../src/aws/sigv4/testing/verifying-server.ts";
import { client, describeWithClients } from "../client.ts";
import { tryCommand } from "../command.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

let server: VerifyingServer;

beforeAll(async () => {
  server = await startVerifyingServer(SECRET);
});

afterAll(() => server[Symbol.asyncDispose]());

/** What came of each request that the program made. What their answers mean to it does not matter. */
async function outcomesOf(
  program: string,
  args: readonly string[],
  secret = SECRET,
): Promise<readonly string[]> {
  const before = server.verdicts.length;
  const env = {
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: server.url,
    AWS_MAX_ATTEMPTS: "1",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
  const { stderr } = await tryCommand(client(program), args, { env });
  const outcomes = server.verdicts.slice(before).map(({ outcome }) => outcome);
  if (outcomes.length === 0) throw new Error(`${program} sent nothing: ${stderr}`);
  return outcomes;
}

const python = (body: string) => [
  "-c",
  `
import boto3, urllib.request, urllib.error
from botocore.config import Config
KEY = "a b/\\u00fc+(1)/../~\\u6b63\\u5009\\u9662 &=?#"
def ask(call):
    try:
        call()
    except Exception:
        pass
def fetch(url, data=None):
    ask(lambda: urllib.request.urlopen(urllib.request.Request(url, data=data, method="PUT" if data else "GET")))
def client(name, **more):
    return boto3.client(name, config=Config(signature_version=more.get("version"), s3={"addressing_style": "path"}))
${body}
`,
];

/** What it does, and how many requests that makes. */
const BOTO: Readonly<Record<string, readonly [script: string, requests: number]>> = {
  "ecr, sts and cloudformation": [
    `
ask(lambda: client("ecr").create_repository(repositoryName="team/app"))
ask(lambda: client("sts").get_caller_identity())
ask(lambda: client("cloudformation").describe_stacks(StackName="a b+c"))`,
    3,
  ],
  "codeartifact with an awkward path and query": [
    `
ask(lambda: client("codeartifact").describe_package(domain="my-domain", repository="my-repository", format="npm", namespace="@a/b c", package="x+y*z~"))
ask(lambda: client("codeartifact").publish_package_version(domain="my-domain", repository="my-repository", format="generic", namespace="n", package="p", packageVersion="1", assetName="a", assetContent=b"hello", assetSHA256="2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"))`,
    2,
  ],
  "s3 uploads, downloads and listings": [
    `
s3 = client("s3")
ask(lambda: s3.put_object(Bucket="bucket", Key=KEY, Body=b"hello", Metadata={"note": "two  spaces"}))
ask(lambda: s3.get_object(Bucket="bucket", Key=KEY))
ask(lambda: s3.list_objects_v2(Bucket="bucket", Prefix=KEY, Delimiter="/"))`,
    3,
  ],
  "presigned URLs of s3": [
    `
s3 = client("s3", version="s3v4")
fetch(s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": KEY, "ResponseContentType": "text/plain; x=y"}))
fetch(s3.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "key"}), data=b"hello")`,
    2,
  ],
  "a presigned URL of sts, as EKS uses it": [
    `
fetch(client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET"))`,
    1,
  ],
};

describeWithClients("botocore's signatures", ["python"], () => {
  for (const [name, [script, requests]] of Object.entries(BOTO)) {
    test(`${name}: accepted, and refused with another secret`, async () => {
      const all = (outcome: string) => new Array<string>(requests).fill(outcome);
      expect(await outcomesOf("python", python(script))).toEqual(all("accepted"));
      expect(await outcomesOf("python", python(script), "another secret")).toEqual(all("mismatch: "));
    });
  }
});

describeWithClients("the AWS CLI's signatures", ["aws"], () => {
  for (const args of [
    ["sts", "get-caller-identity"],
    ["ecr", "describe-repositories", "--repository-names", "team/app"],
    ["s3api", "put-object", "--bucket", "bucket", "--key", "a b", "--body", "/etc/hostname"],
  ]) {
    test(args.join(" "), async () => expect(await outcomesOf("aws", args)).toEqual(["accepted"]));
  }
});

describeWithClients("curl's signatures", ["curl"], () => {
  const sign = (service: string) => [
    "-sS",
    "--aws-sigv4",
    `aws:amz:eu-west-1:${service}`,
    "-u",
    `AKIDEXAMPLE:${SECRET}`,
  ];
  test("a query and a form", async () => {
    const form = ["-d", "Action=GetCallerIdentity&Version=2011-06-15"];
    expect(await outcomesOf("curl", [...sign("sts"), `${server.url}/`, ...form])).toEqual(["accepted"]);
    const query = `${server.url}/?Action=GetCallerIdentity&Version=2011-06-15`;
    expect(await outcomesOf("curl", [...sign("sts"), query])).toEqual(["accepted"]);
  });
});
