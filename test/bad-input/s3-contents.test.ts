/** What must not get into a bucket: bodies, documents, names and headers that are not what they say. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { sha256 } from "./s3-signer.ts";
import { put, said, startVictimBucket } from "./victim-bucket.ts";

const victim = startVictimBucket();
const { ask, outcome } = victim;
const md5 = (text: string) => createHash("md5").update(text).digest("base64");

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
