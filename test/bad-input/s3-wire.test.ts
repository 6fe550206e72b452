/** What must not get into a bucket: lies about who sends, what is sent and how much, in every way of sending. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { RunningServer } from "../running-server.ts";
import { type RawAnswer, type RawRequest, sendRaw } from "./raw-client.ts";
import { multipart, S3Signer, sha256, type Unsigned } from "./s3-signer.ts";

let server: RunningServer;
let signer: S3Signer;

beforeAll(async () => {
  server = await RunningServer.start();
  signer = new S3Signer(server.rootKey, server.port);
  expect(await outcome({ method: "PUT", target: "/bucket" })).toBe("200");
});

afterAll(async () => {
  // Whatever was refused above left nothing behind, and the server is alive to say so.
  const listed = await ask({ target: "/bucket?versions" });
  expect([...listed.body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key)).toEqual(["kept"]);
  expect(server.log).not.toContain('"level":50');
  await server.stop();
});

const send = (request: RawRequest): Promise<RawAnswer> => sendRaw(server.port, request);
const ask = (request: Unsigned): Promise<RawAnswer> => send(signer.sign(request));

/** `400 BadDigest`, or the status alone. */
function said(answer: RawAnswer): string {
  const code = /<Code>([^<]*)<\/Code>/.exec(answer.body)?.[1];
  return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
}

async function outcome(request: Unsigned): Promise<string> {
  return said(await ask(request));
}

const put = (more: Partial<Unsigned> = {}): Unsigned => ({
  method: "PUT",
  target: "/bucket/lie",
  body: "hello",
  ...more,
});
const md5 = (text: string) => createHash("md5").update(text).digest("base64");

describe("who sends", () => {
  test("an honest request is taken, so that the lies below are the reason for their refusals", async () => {
    expect(await outcome(put({ target: "/bucket/kept" }))).toBe("200");
    expect((await ask({ target: "/bucket/kept" })).body).toBe("hello");
  });

  test("a key that is not ours, a secret that is not its own", async () => {
    const { accessKeyId } = server.rootKey;
    const stranger = new S3Signer(
      { accessKeyId: "AKIAUNKNOWNUNKNOWN01", secretAccessKey: "x".repeat(40) },
      server.port,
    );
    const thief = new S3Signer({ accessKeyId, secretAccessKey: "x".repeat(40) }, server.port);
    expect(said(await send(stranger.sign(put())))).toBe("403 InvalidAccessKeyId");
    expect(said(await send(thief.sign(put())))).toBe("403 SignatureDoesNotMatch");
  });

  test("anything that was changed after it was signed", async () => {
    const { request } = signer.signed(put({ headers: { "x-amz-meta-a": "1" } }));
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
    const presigned = signer.presign("GET", "/bucket/kept");
    expect((await send({ target: presigned })).status).toBe(200);
    const elsewhere = `http://secrets.s3.us-east-1.localhost${presigned}`;
    expect(said(await send({ target: elsewhere }))).toBe("403 SignatureDoesNotMatch");
    expect(said(await send({ target: `http://localhost:${server.port}${presigned}` }))).toBe("200");
    expect(await outcome({ method: "DELETE", target: "/secrets/bucket/kept" })).toBe("204");
  });

  test("yesterday's request, tomorrow's, and one without a date", async () => {
    const day = 86_400_000;
    for (const at of [new Date(Date.now() - day), new Date(Date.now() + day)])
      expect(await outcome(put({ at }))).toBe("403 RequestTimeTooSkewed");
    const { request } = signer.signed(put());
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
    const { request } = signer.signed(put({ body: "x".repeat(1_000) }));
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

describe("what is sent", () => {
  test("another body than was signed", async () => {
    const answer = await ask(put({ payload: sha256("other") }));
    expect(said(answer)).toBe("400 XAmzContentSHA256Mismatch");
    expect(answer.body).toContain(sha256("hello"));
    expect(await outcome(put({ payload: "nonsense" }))).toBe("400 InvalidArgument");
  });

  test("digests and checksums that are wrong, none at all, or too many", async () => {
    const crc32 = "NhCmhg==";
    const cases: readonly (readonly [headers: Record<string, string>, outcome: string])[] = [
      [{ "Content-MD5": md5("other") }, "400 BadDigest"],
      [{ "Content-MD5": "nonsense" }, "400 InvalidDigest"],
      [{ "Content-MD5": "" }, "400 InvalidDigest"],
      [{ "x-amz-checksum-crc32": "AAAAAA==" }, "400 BadDigest"],
      [{ "x-amz-checksum-crc32c": "AAAAAA==" }, "400 BadDigest"],
      [{ "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" }, "400 BadDigest"],
      [{ "x-amz-checksum-sha256": Buffer.alloc(32).toString("base64") }, "400 BadDigest"],
      [{ "x-amz-checksum-crc32": "AAAA" }, "400 InvalidRequest"],
      [{ "x-amz-checksum-crc32": "****" }, "400 InvalidRequest"],
      [
        { "x-amz-checksum-crc32": crc32, "x-amz-checksum-sha1": "qvTGHdzF6KLavt4PO0gs2a6pQ00=" },
        "400 InvalidRequest",
      ],
      [{ "x-amz-checksum-crc32": crc32, "x-amz-sdk-checksum-algorithm": "SHA1" }, "400 InvalidRequest"],
      [{ "x-amz-sdk-checksum-algorithm": "ROT13" }, "400 InvalidRequest"],
    ];
    for (const [headers, expected] of cases)
      expect([headers, await outcome(put({ headers }))]).toEqual([headers, expected]);
  });

  test("documents: their digest is asked for, and checked before anything is done", async () => {
    const body = "<Delete><Object><Key>kept</Key></Object></Delete>";
    const remove = (headers: Record<string, string>) =>
      outcome({ method: "POST", target: "/bucket?delete", body, headers });
    expect(await remove({})).toBe("400 InvalidRequest");
    expect(await remove({ "Content-MD5": md5("other") })).toBe("400 BadDigest");
    expect(await remove({ "x-amz-checksum-crc32": "AAAAAA==" })).toBe("400 BadDigest");
    expect((await ask({ target: "/bucket/kept" })).status).toBe(200);
  });

  test("documents that are none", async () => {
    const bomb = `<!DOCTYPE a [<!ENTITY a "${"a".repeat(50)}"><!ENTITY b "&a;&a;&a;&a;">]><Tagging>&b;</Tagging>`;
    const external = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Tagging>&x;</Tagging>';
    const tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";
    const documents: readonly (string | Uint8Array)[] = [
      bomb,
      external,
      "<Tagging>",
      "<Tagging><TagSet></Tagging></TagSet>",
      "{}",
      "not xml",
      "<a>".repeat(100_000),
      `<Tagging><TagSet>${"<Tag>".repeat(1_000)}${"</Tag>".repeat(1_000)}</TagSet></Tagging>`,
      `<Tagging><TagSet>${tag.repeat(40_000)}</TagSet></Tagging>`,
      Buffer.from([0x3c, 0x54, 0xff, 0xfe, 0x3e]),
    ];
    for (const body of documents) {
      const digest = createHash("md5").update(body).digest("base64");
      const answer = await ask({
        method: "PUT",
        target: "/bucket?tagging",
        body,
        headers: { "Content-MD5": digest },
      });
      expect(said(answer)).toBe("400 MalformedXML");
      expect(answer.body).not.toContain("root:");
    }
    const huge = await ask({ method: "PUT", target: "/bucket?tagging", body: "x".repeat(9 * 2 ** 20) });
    expect(said(huge)).toBe("400 MaxMessageLengthExceeded");
  });

  test("keys and metadata at their limits and beyond", async () => {
    expect(await outcome(put({ target: `/bucket/${"k".repeat(1025)}` }))).toBe("400 KeyTooLongError");
    expect(await outcome(put({ target: `/bucket/${"%C3%A9".repeat(513)}` }))).toBe("400 KeyTooLongError");
    expect(await outcome(put({ target: "/bucket/%FF%FE" }))).toBe("400 InvalidURI");
    expect(await outcome(put({ target: "/bucket/%C0%AE%C0%AE/x" }))).toBe("400 InvalidURI");
    expect(await outcome(put({ target: "/bucket/%ED%A0%80" }))).toBe("400 InvalidURI");
    expect(await outcome(put({ target: "/bucket/%zz" }))).toBe("400 InvalidURI");
    expect(await outcome(put({ headers: { "x-amz-meta-a": "x".repeat(2048) } }))).toBe(
      "400 MetadataTooLarge",
    );
    for (const key of [`${"k".repeat(1024)}`, "..%2F..%2F..%2Fetc%2Fpasswd", "a//b/../c", "%00%01", "."]) {
      const target = `/bucket/${key}`;
      expect([key, await outcome(put({ target }))]).toEqual([key, "200"]);
      expect((await ask({ target })).body).toBe("hello");
      expect(await outcome({ method: "DELETE", target })).toBe("204");
    }
  });

  test("parameters and headers that cannot be what they must be", async () => {
    for (const target of [
      "/bucket?max-keys=many",
      "/bucket?max-keys=1e99",
      "/bucket/kept?partNumber=x",
      "/bucket?list-type=2&max-keys=-",
    ])
      expect([target, await outcome({ target })]).toEqual([target, "400 InvalidArgument"]);
    for (const [name, expected] of [
      ["x-amz-storage-class", "400 InvalidStorageClass"],
      ["x-amz-server-side-encryption", "400 InvalidArgument"],
      ["x-amz-object-lock-mode", "400 InvalidArgument"],
      ["x-amz-object-lock-legal-hold", "400 InvalidArgument"],
    ] as const)
      expect([name, await outcome(put({ headers: { [name]: "nonsense" } }))]).toEqual([name, expected]);
    // A condition whose date is none is no condition (RFC 9110).
    for (const date of ["yesterday", "", "x".repeat(5_000)])
      expect((await ask({ target: "/bucket/kept", headers: { "If-Modified-Since": date } })).status).toBe(
        200,
      );
  });

  test("a part's number without its upload, and an upload without a part's number: no object is made of it", async () => {
    for (const query of ["partNumber=1", "uploadId=some", "uploadId=some&partNumber="])
      expect(await outcome(put({ target: `/bucket/lie?${query}` }))).toBe("400 InvalidArgument");
    const copy = put({ target: "/bucket/lie?partNumber=1", headers: { "x-amz-copy-source": "bucket/kept" } });
    expect(await outcome(copy)).toBe("400 InvalidArgument");
  });
});

describe("how much is sent", () => {
  test("no length, or one that is none", async () => {
    const { request } = signer.signed(put({ body: "", payload: "UNSIGNED-PAYLOAD" }));
    const chunked = {
      ...request,
      body: "5\r\nhello\r\n0\r\n\r\n",
      headers: { ...request.headers, "Transfer-Encoding": "chunked" },
    };
    expect(said(await send(chunked))).toBe("411 MissingContentLength");
    expect(said(await send(request))).toBe("411 MissingContentLength");
    for (const headers of [
      {},
      { "x-amz-decoded-content-length": "five" },
      { "x-amz-decoded-content-length": "-1" },
    ])
      expect(
        await outcome(
          put({ body: "5\r\nhello\r\n0\r\n\r\n", payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers }),
        ),
      ).toBe("411 MissingContentLength");
  });

  test("a body that breaks off leaves nothing, and nobody waits for the rest for ever", async () => {
    for (const payload of ["UNSIGNED-PAYLOAD", sha256("hello")])
      expect((await ask(put({ payload, announced: 1_000, breakOff: true }))).status).toBe(0);
    const headers = { "x-amz-decoded-content-length": "100000" };
    const cut = put({
      body: "186a0\r\nhello",
      payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      headers,
      announced: 100_100,
      breakOff: true,
    });
    expect((await ask(cut)).status).toBe(0);
    expect((await ask({ method: "HEAD", target: "/bucket/lie" })).status).toBe(404);
  });

  const unsigned = (body: string, length: number, trailer?: string): Promise<string> =>
    outcome(
      put({
        body,
        payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        headers: {
          "content-encoding": "aws-chunked",
          "x-amz-decoded-content-length": String(length),
          ...(trailer !== undefined && { "x-amz-trailer": trailer }),
        },
      }),
    );

  test("chunks of another length than announced, or no chunks at all", async () => {
    for (const [body, length] of [
      ["5\r\nhello\r\n0\r\n\r\n", 4],
      ["5\r\nhello\r\n0\r\n\r\n", 6],
      ["5\r\nhello\r\n", 5],
      ["5\r\nhello\r\n0\r\n", 5],
      ["6\r\nhello\r\n0\r\n\r\n", 5],
      ["hello", 5],
      ["ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", 5],
      [`${"5".repeat(5_000)}\r\nhello`, 5],
      ["5\r\nhello\r\n0\r\n\r\nmore", 5],
    ] as const)
      expect([body.slice(0, 40), await unsigned(body, length)]).toEqual([
        body.slice(0, 40),
        "400 IncompleteBody",
      ]);
    expect(await unsigned(`5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n`, 10)).toBe("400 InvalidChunkSizeError");
  });

  test("trailers that are missing, unannounced, wrong or no checksum", async () => {
    const crc32 = "x-amz-checksum-crc32";
    const body = (trailer: string) => `5\r\nhello\r\n0\r\n${trailer}\r\n`;
    expect(await unsigned(body(""), 5, crc32)).toBe("400 MalformedTrailerError");
    expect(await unsigned(body(`${crc32}:NhCmhg==\r\n`), 5)).toBe("400 MalformedTrailerError");
    expect(await unsigned(body("x-amz-checksum-sha1:NhCmhg==\r\n"), 5, crc32)).toBe(
      "400 MalformedTrailerError",
    );
    expect(await unsigned(body(`${crc32}:AAAAAA==\r\n`), 5, crc32)).toBe("400 BadDigest");
    expect(await unsigned(body(`${crc32}:nonsense\r\n`), 5, crc32)).toBe("400 InvalidRequest");
    expect(await unsigned(body("x-other:1\r\n"), 5, "x-other")).toBe("400 InvalidRequest");
  });

  test("signed chunks: every signature is checked, and the trailer's too", async () => {
    const crc32 = "x-amz-checksum-crc32";
    const attempt = async (
      lie: (frames: { chunk: string; last: string; trailer: string }) => string,
    ): Promise<string> => {
      const headers = { "x-amz-decoded-content-length": "5", "x-amz-trailer": crc32 };
      const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
      const { request, chunk: signing } = signer.signed(put({ body: "", payload, headers }));
      const frames = {
        chunk: signing.frame("hello"),
        last: signing.frame(""),
        trailer: signing.trailer(crc32, "NhCmhg=="),
      };
      return said(await send({ ...request, body: lie(frames) }));
    };
    const honest = ({ chunk, last, trailer }: { chunk: string; last: string; trailer: string }) =>
      `${chunk}${last}${trailer}\r\n`;
    expect(await attempt((frames) => honest(frames).replace("hello", "jello"))).toBe(
      "403 SignatureDoesNotMatch",
    );
    expect(
      await attempt((frames) => honest({ ...frames, last: frames.last.replace(/.\r\n$/, "x\r\n") })),
    ).toBe("400 IncompleteBody");
    expect(
      await attempt((frames) =>
        honest({ ...frames, last: frames.chunk.replace(/^5/, "0").replace("hello\r\n", "") }),
      ),
    ).toBe("403 SignatureDoesNotMatch");
    expect(
      await attempt((frames) => honest({ ...frames, trailer: frames.trailer.replace("NhCmhg", "AAAAAA") })),
    ).toBe("403 SignatureDoesNotMatch");
    expect(await attempt(({ chunk, last }) => `${chunk}${last}${crc32}:NhCmhg==\r\n\r\n`)).toBe(
      "400 MalformedTrailerError",
    );
    expect(await attempt(({ chunk }) => chunk)).toBe("400 IncompleteBody");
    expect(await attempt(honest)).toBe("200");
    expect((await ask({ target: "/bucket/lie" })).body).toBe("hello");
    expect(await outcome({ method: "DELETE", target: "/bucket/lie" })).toBe("204");
  });
});

describe("presigned addresses", () => {
  const get = async (target: string, method = "GET"): Promise<string> => said(await send({ method, target }));

  test("hold for what was signed, and for nothing else", async () => {
    const target = signer.presign("GET", "/bucket/kept");
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
    expect(await get(signer.presign("GET", "/bucket/kept", { at: hour }))).toBe("403 AccessDenied");
    expect(await get(signer.presign("GET", "/bucket/kept", { at: hour, seconds: 7_200 }))).toBe("200");
    for (const seconds of [604_801, -1, "soon", ""])
      expect(await get(signer.presign("GET", "/bucket/kept", { seconds }))).toBe(
        "400 AuthorizationQueryParametersError",
      );
    expect(await get(signer.presign("GET", "/bucket/kept").replace(/&X-Amz-Expires=60/, ""))).toBe(
      "400 AuthorizationQueryParametersError",
    );
  });

  test("cannot make an answer's headers into more than one", async () => {
    const target = signer.presign(
      "GET",
      "/bucket/kept?response-content-type=text%2Fplain%0D%0AX-Evil%3A%201",
    );
    const answer = await send({ target });
    expect(said(answer)).toBe("400 InvalidArgument");
    expect(answer.headers.has("x-evil")).toBe(false);
  });
});

describe("forms", () => {
  const conditions = [{ bucket: "bucket" }, ["starts-with", "$key", "lie"]];
  const post = async (
    fields: Record<string, string>,
    file: string | null = "hello",
    more: Partial<RawRequest> = {},
  ) => {
    const { contentType, body } = multipart(fields, file);
    return said(
      await send({
        method: "POST",
        target: "/bucket",
        body,
        headers: { "Content-Type": contentType },
        ...more,
      }),
    );
  };

  test("without a signature, or with one of another policy, are refused", async () => {
    expect(await post({ key: "lie" })).toBe("403 AccessDenied");
    const fields = signer.form({ key: "lie" }, { conditions });
    const other = signer.form(
      { key: "lie" },
      { conditions: [{ bucket: "bucket" }, ["starts-with", "$key", ""]] },
    );
    expect(await post({ ...fields, policy: other["policy"] ?? "" })).toBe("403 SignatureDoesNotMatch");
    expect(await post({ ...fields, "x-amz-signature": "0" })).toBe("403 SignatureDoesNotMatch");
    for (const name of ["policy", "x-amz-signature", "x-amz-credential", "x-amz-date", "x-amz-algorithm"]) {
      const { [name]: _left, ...rest } = fields;
      expect([name, await post(rest)]).toEqual([name, "400 InvalidArgument"]);
    }
  });

  test("are held to their policy", async () => {
    const allowed = (fields: Record<string, string>, more: readonly unknown[] = []) =>
      post(signer.form(fields, { conditions: [...conditions, ...more] }));
    expect(await allowed({ key: "other" })).toBe("403 AccessDenied");
    expect(await allowed({ key: "lie", acl: "public-read" })).toBe("403 AccessDenied");
    expect(await allowed({ key: "lie", "x-amz-meta-a": "1" })).toBe("403 AccessDenied");
    expect(await allowed({ key: "lie" }, [["content-length-range", 0, 4]])).toBe("400 EntityTooLarge");
    expect(await allowed({ key: "lie" }, [["content-length-range", 6, 10]])).toBe("400 EntityTooSmall");
    expect(await post(signer.form({ key: "lie" }, { conditions, expiration: "2020-01-01T00:00:00Z" }))).toBe(
      "403 AccessDenied",
    );
    expect(await post(signer.form({}, { conditions }))).toBe("400 InvalidArgument");
  });

  test("policies that are none", async () => {
    const expiration = "2099-01-01T00:00:00Z";
    for (const policy of [
      "",
      "not json",
      "[]",
      "{}",
      JSON.stringify({ conditions: [] }),
      JSON.stringify({ expiration }),
      JSON.stringify({ expiration: "soon", conditions: [] }),
      JSON.stringify({ expiration, conditions: {} }),
      JSON.stringify({ expiration, conditions: [1] }),
      JSON.stringify({ expiration, conditions: [{}] }),
      JSON.stringify({ expiration, conditions: [["content-length-range", 0]] }),
      JSON.stringify({ expiration, conditions: [["content-length-range", -1, 0]] }),
      JSON.stringify({ expiration, conditions: [["matches", "$key", ".*"]] }),
    ])
      expect([policy, await post(signer.form({ key: "lie" }, policy))]).toEqual([
        policy,
        "400 InvalidPolicyDocument",
      ]);
  });

  test("with names of metadata that no header can have: each read would break on them", async () => {
    for (const name of ["a b", "ü", "a:b"]) {
      const condition = ["starts-with", `$x-amz-meta-${name}`, ""];
      const fields = signer.form(
        { key: "lie", [`x-amz-meta-${name}`]: "v" },
        { conditions: [...conditions, condition] },
      );
      expect([name, await post(fields)]).toEqual([name, "400 InvalidArgument"]);
    }
  });

  test("that are no forms, too large before their file, or cut off", async () => {
    const fields = signer.form({ key: "lie" }, { conditions });
    expect(await post(fields, null)).toBe("400 InvalidArgument");
    expect(await post({ ...fields, "x-ignore-a": "x".repeat(30_000) })).toBe(
      "400 MaxPostPreDataLengthExceeded",
    );
    expect(
      await post({
        ...Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`x-ignore-${index}`, ""])),
        ...fields,
      }),
    ).toBe("400 MaxPostPreDataLengthExceeded");
    expect(await post(fields, "hello", { headers: { "Content-Type": "multipart/form-data" } })).toBe(
      "400 MalformedPOSTRequest",
    );
    expect(await post(fields, "hello", { headers: { "Content-Type": "text/plain" } })).toBe(
      "412 PreconditionFailed",
    );
    expect(await post(fields, "hello", { body: "--no boundary of this form" })).toMatch(
      /^400 (MalformedPOSTRequest|InvalidArgument)$/,
    );
    const { contentType, body } = multipart(fields, "hello".repeat(1_000));
    const headers = { "Content-Type": contentType };
    const cut = body.slice(0, -2_000);
    expect(said(await send({ method: "POST", target: "/bucket", headers, body: cut }))).toBe(
      "400 MalformedPOSTRequest",
    );
    await send({
      method: "POST",
      target: "/bucket",
      headers,
      body: cut,
      announced: body.length,
      breakOff: true,
    });
    expect((await ask({ method: "HEAD", target: "/bucket/lie" })).status).toBe(404);
  });
});
