/** Who must not get into a bucket: lies about who sends a request, in its headers and in presigned addresses. */
import { describe, expect, test } from "bun:test";
import type { RawRequest } from "./raw-client.ts";
import { S3Signer } from "./s3-signer.ts";
import { put, said, startVictimBucket } from "./victim-bucket.ts";

const victim = startVictimBucket();
const { send, ask, outcome } = victim;

describe("who sends", () => {
  test("an honest request is taken, so that the lies below are the reason for their refusals", async () => {
    expect(await outcome(put({ target: "/bucket/kept" }))).toBe("200");
    expect((await ask({ target: "/bucket/kept" })).body).toBe("hello");
  });

  test("a key that is not ours, a secret that is not its own", async () => {
    const { accessKeyId } = victim.server.rootKey;
    const stranger = new S3Signer(
      { accessKeyId: "AKIAUNKNOWNUNKNOWN01", secretAccessKey: "x".repeat(40) },
      victim.server.port,
    );
    const thief = new S3Signer({ accessKeyId, secretAccessKey: "x".repeat(40) }, victim.server.port);
    expect(said(await send(stranger.sign(put())))).toBe("403 InvalidAccessKeyId");
    expect(said(await send(thief.sign(put())))).toBe("403 SignatureDoesNotMatch");
  });

  test("anything that was changed after it was signed", async () => {
    const { request } = victim.signer.signed(put({ headers: { "x-amz-meta-a": "1" } }));
    const changed: readonly RawRequest[] = [
      { ...request, target: "/bucket/other" },
      { ...request, target: "/bucket/lie?acl" },
      { ...request, method: "DELETE" },
      { ...request, headers: { ...request.headers, "x-amz-meta-a": "2" } },
      { ...request, headers: { ...request.headers, Host: "other.example.com" } },
    ];
    for (const lie of changed) expect(said(await send(lie))).toBe("403 SignatureDoesNotMatch");
    const added = { ...request, headers: { ...request.headers, "x-amz-acl": "public-read" } };
    expect(said(await send(added))).toBe("403 AccessDenied");
  });

  test("a signature for one host's bucket is none for that of another, however the host is said", async () => {
    expect(await outcome({ method: "PUT", target: "/secrets" })).toBe("200");
    expect(await outcome({ method: "PUT", target: "/secrets/bucket/kept", body: "secret" })).toBe("200");
    const presigned = victim.signer.presign("GET", "/bucket/kept");
    expect((await send({ target: presigned })).status).toBe(200);
    const elsewhere = `http://secrets.s3.us-east-1.localhost${presigned}`;
    expect(said(await send({ target: elsewhere }))).toBe("403 SignatureDoesNotMatch");
    expect(said(await send({ target: `http://localhost:${victim.server.port}${presigned}` }))).toBe("200");
    expect(await outcome({ method: "DELETE", target: "/secrets/bucket/kept" })).toBe("204");
  });

  test("yesterday's request, tomorrow's, and one without a date", async () => {
    const day = 86_400_000;
    for (const at of [new Date(Date.now() - day), new Date(Date.now() + day)])
      expect(await outcome(put({ at }))).toBe("403 RequestTimeTooSkewed");
    const { request } = victim.signer.signed(put());
    const { "x-amz-date": _date, ...headers } = request.headers ?? {};
    expect(said(await send({ ...request, headers }))).toBe("403 AccessDenied");
  });

  test("another region than the bucket's: told which one it is", async () => {
    const answer = await ask({ target: "/bucket/kept", region: "eu-west-1" });
    expect(said(answer)).toBe("400 AuthorizationHeaderMalformed");
    expect(answer.body).toContain("<Region>us-east-1</Region>");
    expect(answer.headers.get("x-amz-bucket-region")).toBe("us-east-1");
  });

  test("signatures of other kinds are refused by name", async () => {
    const date = new Date().toUTCString();
    const v2 = {
      method: "PUT",
      target: "/bucket/lie",
      body: "x",
      headers: { Date: date, Authorization: "AWS AKIA:c2ln" },
    };
    const answer = await send(v2);
    expect(said(answer)).toBe("400 InvalidRequest");
    expect(answer.body).toContain("AWS4-HMAC-SHA256");
    expect(await outcome(put({ payload: "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" }))).toBe(
      "501 NotImplemented",
    );
  });

  test("nobody in particular may do nothing in particular", async () => {
    for (const [method, target] of [
      ["GET", "/"],
      ["GET", "/bucket"],
      ["GET", "/bucket/kept"],
      ["HEAD", "/bucket/kept"],
      ["DELETE", "/bucket/kept"],
      ["GET", "/bucket?policy"],
      ["PUT", "/new-bucket"],
      ["POST", "/bucket/kept?uploads"],
    ] as const)
      expect((await send({ method, target })).status).toBe(403);
    const uploads: readonly Record<string, string>[] = [
      {},
      { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      { "x-amz-acl": "public-read" },
    ];
    for (const headers of uploads) expect(said(await send({ ...put(), headers }))).toBe("403 AccessDenied");
    const chunked = {
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "x-amz-decoded-content-length": "5",
    };
    expect(said(await send({ ...put(), headers: chunked }))).toBe("400 InvalidRequest");
  });

  test("who is refused is not asked for the body", async () => {
    const { request } = victim.signer.signed(put({ body: "x".repeat(1_000) }));
    const wrong = {
      ...request,
      target: "/bucket/other",
      headers: { ...request.headers, Expect: "100-continue" },
      body: "",
      announced: 1_000,
    };
    // The body never comes: an answer means that nobody waited for it.
    expect(said(await send(wrong))).toBe("403 SignatureDoesNotMatch");
  });
});

describe("presigned addresses", () => {
  const get = async (target: string, method = "GET"): Promise<string> => said(await send({ method, target }));

  test("hold for what was signed, and for nothing else", async () => {
    const target = victim.signer.presign("GET", "/bucket/kept");
    expect(await get(target)).toBe("200");
    expect(await get(target, "DELETE")).toBe("403 SignatureDoesNotMatch");
    expect((await send({ method: "HEAD", target })).status).toBe(403);
    expect(await get(target.replace("kept", "other"))).toBe("403 SignatureDoesNotMatch");
    expect(await get(`${target}&versionId=x`)).toBe("403 SignatureDoesNotMatch");
    expect(await get(`${target}&response-content-type=text/html`)).toBe("403 SignatureDoesNotMatch");
    expect(await get(target.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))).toBe(
      "403 SignatureDoesNotMatch",
    );
  });

  test("end, and last a week at most", async () => {
    const hour = new Date(Date.now() - 3_600_000);
    expect(await get(victim.signer.presign("GET", "/bucket/kept", { at: hour }))).toBe("403 AccessDenied");
    expect(await get(victim.signer.presign("GET", "/bucket/kept", { at: hour, seconds: 7_200 }))).toBe("200");
    for (const seconds of [604_801, -1, "soon", ""])
      expect(await get(victim.signer.presign("GET", "/bucket/kept", { seconds }))).toBe(
        "400 AuthorizationQueryParametersError",
      );
    expect(await get(victim.signer.presign("GET", "/bucket/kept").replace(/&X-Amz-Expires=60/, ""))).toBe(
      "400 AuthorizationQueryParametersError",
    );
  });

  test("cannot make an answer's headers into more than one", async () => {
    const target = victim.signer.presign(
      "GET",
      "/bucket/kept?response-content-type=text%2Fplain%0D%0AX-Evil%3A%201",
    );
    const answer = await send({ target });
    expect(said(answer)).toBe("400 InvalidArgument");
    expect(answer.headers.has("x-evil")).toBe(false);
  });
});
