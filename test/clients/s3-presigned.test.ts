/**
 * Addresses and forms that let somebody without a key read or write one object: made by aws and boto3, in both versions
 * of signatures that these make, and used by a program that knows nothing of AWS.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { client, describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { type BucketServer, startBucketServer } from "./bucket-server.ts";

let buckets: BucketServer;

beforeAll(async () => {
  buckets = await startBucketServer("http");
});

afterAll(() => buckets.server.stop());

interface Form {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What boto3 makes of an expression; `s3` is its client. */
async function boto<Made>(version: string | undefined, expression: string): Promise<Made> {
  const config = version === undefined ? "" : `, config=Config(signature_version="${version}")`;
  const program = `
import boto3, json
from botocore.config import Config
s3 = boto3.client("s3"${config})
print(json.dumps(${expression}))`;
  const printed = await runCommand(client("python"), ["-c", program], { env: buckets.environment });
  return JSON.parse(printed) as Made;
}

function formData({ fields }: Form, name: string, content: string): FormData {
  const data = new FormData();
  for (const [field, value] of Object.entries(fields)) data.append(field, value);
  data.append("file", new Blob([content], { type: "text/plain" }), name);
  return data;
}

const post = (form: Form, name: string, content: string, options: RequestInit = {}): Promise<Response> =>
  fetch(form.url, { method: "POST", body: formData(form, name, content), redirect: "manual", ...options });

async function codeOf(answer: Response): Promise<string> {
  return `${answer.status} ${/<Code>([^<]*)/.exec(await answer.text())?.[1] ?? ""}`;
}

const VERSIONS = { "as boto3 signs by default": undefined, "signed by version 4": "s3v4" } as const;

describeWithClients("presigned", ["aws", "python"], () => {
  beforeAll(async () => {
    await buckets.s3(["mb", "s3://shared"]);
    await buckets.s3(["cp", "-", "s3://shared/a b/größe+1.txt"], { input: "shared content" });
  });

  test("aws s3 presign makes an address that anybody reads, and nobody can point elsewhere", async () => {
    const address = (await buckets.s3(["presign", "s3://shared/a b/größe+1.txt"])).trim();
    expect(await (await fetch(address)).text()).toBe("shared content");
    const part = await fetch(address, { headers: { range: "bytes=7-" } });
    expect([part.status, await part.text()]).toEqual([206, "content"]);
    expect(await codeOf(await fetch(address.replace("a%20b", "c")))).toBe("403 SignatureDoesNotMatch");
    expect(await codeOf(await fetch(address, { method: "DELETE" }))).toBe("403 SignatureDoesNotMatch");
  });

  test("an address asks for the headers that were signed, and for the conditions that it has itself", async () => {
    const tagged = await boto<string>(
      "s3v4",
      `s3.generate_presigned_url("put_object", Params={"Bucket": "shared", "Key": "tagged", "Metadata": {"team": "a"}})`,
    );
    const put = (address: string, headers: Record<string, string> = {}) =>
      fetch(address, { method: "PUT", body: "content", headers });
    expect(await codeOf(await put(tagged))).toBe("403 SignatureDoesNotMatch");
    expect(await codeOf(await put(tagged, { "x-amz-meta-team": "b" }))).toBe("403 SignatureDoesNotMatch");
    expect((await put(tagged, { "x-amz-meta-team": "a" })).status).toBe(200);

    const once = await boto<string>(
      "s3v4",
      `(lambda request: (__import__("botocore.auth").auth.S3SigV4QueryAuth(
          boto3.Session().get_credentials(), "s3", "us-east-1").add_auth(request), request.url)[1])(
        __import__("botocore.awsrequest").awsrequest.AWSRequest(method="PUT",
          url=s3.meta.endpoint_url + "/shared/once", params={"If-None-Match": "*"}))`,
    );
    expect((await put(once)).status).toBe(200);
    expect(await codeOf(await put(once))).toBe("412 PreconditionFailed");
    expect(await codeOf(await put(once, { "if-none-match": '"other"' }))).toBe("412 PreconditionFailed");
  });

  for (const [title, version] of Object.entries(VERSIONS)) {
    test(`addresses, ${title}: read with headers as asked for, write with the type as signed`, async () => {
      const read = await boto<string>(
        version,
        `s3.generate_presigned_url("get_object", Params={"Bucket": "shared", "Key": "a b/größe+1.txt",
          "ResponseContentType": "text/x", "ResponseContentDisposition": 'attachment; filename="a b.txt"'})`,
      );
      const answer = await fetch(read);
      expect(await answer.text()).toBe("shared content");
      expect(answer.headers.get("content-type")).toBe("text/x");
      expect(answer.headers.get("content-disposition")).toBe('attachment; filename="a b.txt"');
      expect(await codeOf(await fetch(read.replace("text%2Fx", "text%2Fhtml")))).toBe(
        "403 SignatureDoesNotMatch",
      );

      const write = await boto<string>(
        version,
        `s3.generate_presigned_url("put_object", Params={"Bucket": "shared", "Key": "written", "ContentType": "text/x"})`,
      );
      const put = (type: string) =>
        fetch(write, { method: "PUT", body: title, headers: { "content-type": type } });
      expect(await codeOf(await put("text/html"))).toBe("403 SignatureDoesNotMatch");
      expect((await put("text/x")).status).toBe(200);
      expect(await buckets.s3(["cp", "s3://shared/written", "-"])).toBe(title);
    });

    test(`forms, ${title}: store the file under its own name, with metadata, and answer as asked`, async () => {
      const form = (status: string) =>
        boto<Form>(
          version,
          `s3.generate_presigned_post("shared", "forms/\${filename}",
            Fields={"success_action_status": "${status}", "x-amz-meta-from": "a form"},
            Conditions=[{"success_action_status": "${status}"}, {"x-amz-meta-from": "a form"}, ["content-length-range", 1, 20]])`,
        );
      const created = await post(await form("201"), "größe.txt", "content");
      expect(created.status).toBe(201);
      const document = await created.text();
      expect(document).toContain("<Bucket>shared</Bucket><Key>forms/größe.txt</Key>");
      expect(document).toContain(`<Location>${created.headers.get("location")}</Location>`);
      const head = await buckets.s3api(["head-object", "--bucket", "shared", "--key", "forms/größe.txt"]);
      expect(head).toMatchObject({ ContentLength: 7, Metadata: { from: "a form" } });
      expect((await post(await form("200"), "b", "content")).status).toBe(200);
      const quiet = await form("404");
      expect((await post(quiet, "b", "content")).status).toBe(204);

      expect(await codeOf(await post(quiet, "b", "more than twenty bytes"))).toBe("400 EntityTooLarge");
      expect(await codeOf(await post(quiet, "b", ""))).toBe("400 EntityTooSmall");
      const elsewhere = { ...quiet, fields: { ...quiet.fields, key: "other" } };
      expect(await codeOf(await post(elsewhere, "b", "content"))).toBe("403 AccessDenied");
      const more = { ...quiet, fields: { ...quiet.fields, acl: "public-read" } };
      expect(await codeOf(await post(more, "b", "content"))).toBe("403 AccessDenied");
      const forged = { ...quiet, fields: { ...quiet.fields, policy: btoa("{}") } };
      expect(await codeOf(await post(forged, "b", "content"))).toBe("403 SignatureDoesNotMatch");
    });

    test(`forms, ${title}: lead the browser on to where they say`, async () => {
      const form = await boto<Form>(
        version,
        `s3.generate_presigned_post("shared", "led", Fields={"success_action_redirect": "https://example.com/done?a=b"},
          Conditions=[["starts-with", "$success_action_redirect", "https://example.com/"]])`,
      );
      const answer = await post(form, "a", "content");
      const etag = answer.headers.get("etag") ?? "";
      expect(answer.status).toBe(303);
      expect(answer.headers.get("location")).toBe(
        `https://example.com/done?a=b&bucket=shared&key=led&etag=${encodeURIComponent(etag)}`,
      );
    });
  }

  test("scripts of an origin that the bucket names may ask for and read all of this", async () => {
    const rules = [
      {
        AllowedMethods: ["GET", "PUT"],
        AllowedOrigins: ["https://*.example.com"],
        AllowedHeaders: ["*"],
        ExposeHeaders: ["ETag"],
      },
    ];
    const CORSConfiguration = JSON.stringify({ CORSRules: rules });
    await buckets.s3api(["put-bucket-cors", "--bucket", "shared", "--cors-configuration", CORSConfiguration]);
    const address = (await buckets.s3(["presign", "s3://shared/a b/größe+1.txt"])).trim();
    const preflight = (origin: string, method: string) =>
      fetch(address, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": method,
          "access-control-request-headers": "content-type",
        },
      });
    const allowed = await preflight("https://app.example.com", "PUT");
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(allowed.headers.get("access-control-allow-headers")).toBe("content-type");
    expect((await preflight("https://app.example.com", "DELETE")).status).toBe(403);
    expect((await preflight("https://example.org", "PUT")).status).toBe(403);
    const nowhere = new URL("/no-bucket-of-that-name/a", address);
    expect(await codeOf(await fetch(nowhere, { method: "OPTIONS" }))).toBe("400 BadRequest");
    const asking = { origin: "https://example.org", "access-control-request-method": "PUT" };
    const answered = await fetch(nowhere, { method: "OPTIONS", headers: asking });
    expect(await codeOf(answered)).toBe("403 AccessForbidden");
    const answer = await fetch(address, { headers: { origin: "https://app.example.com" } });
    expect(await answer.text()).toBe("shared content");
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(answer.headers.get("access-control-expose-headers")).toBe("ETag");
    const stranger = await fetch(address, { headers: { origin: "https://example.org" } });
    expect(stranger.headers.has("access-control-allow-origin")).toBe(false);
  });
});
