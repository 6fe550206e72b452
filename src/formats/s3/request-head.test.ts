import { expect, test } from "bun:test";
import { readHead, splitAddress } from "./request-head.ts";

const head = (headers: Readonly<Record<string, string>>, target = "/bucket/key", presigned = false) =>
  readHead(
    { method: "PUT", target, rawHeaders: Object.entries(headers).flat(), bucket: undefined },
    presigned,
  );

test("the framing of an upload is no coding of the object", () => {
  const coding = (value: string) => head({ "Content-Encoding": value }).wire.headers["content-encoding"];
  expect(["aws-chunked", "gzip,aws-chunked", "aws-chunked, gzip", "AWS-Chunked", "gzip"].map(coding)).toEqual(
    [undefined, "gzip", "gzip", undefined, "gzip"],
  );
});

test("a date that is none is no condition; as it came it can still be asked for", () => {
  const { wire, header } = head({
    "If-Modified-Since": "yesterday",
    Expires: "never",
    "If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT",
  });
  expect(wire.headers).toEqual({ "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" });
  expect(header("expires")).toBe("never");
});

test("headers that a signer wrote into the query count, but not those of the signature, and not in other requests", () => {
  const target = "/b/k?x-amz-meta-a=1&X-Amz-Signature=s&x-amz-acl=private&X-Amz-Date=d&partNumber=1";
  expect(head({}, target, true).wire.headers).toEqual({ "x-amz-meta-a": "1", "x-amz-acl": "private" });
  expect(head({}, target).wire.headers).toEqual({});
  expect(head({ "x-amz-acl": "public-read" }, target, true).wire.headers["x-amz-acl"]).toBe("public-read");
  expect(() => head({}, "/b/k?x-amz-meta-a=1%0D%0AX-Evil:1", true)).toThrow("control characters");
});

test("metadata that comes twice is one value", () => {
  const raw = {
    method: "PUT",
    target: "/b/k",
    rawHeaders: ["x-amz-meta-a", "1", "X-Amz-Meta-A", "2"],
    bucket: undefined,
  };
  expect(readHead(raw, false).wire.headers["x-amz-meta-a"]).toBe("1,2");
});

test("paths are kept as they came, bytes that should have been encoded are, and what is no UTF-8 is refused", () => {
  expect(head({}, "/b/..//a/./%2F").wire.target).toBe("/b/..//a/./%2F");
  expect(head({}, "/b/\u00c3\u00a9").wire.target).toBe("/b/%C3%A9");
  for (const target of ["/b/%ff", "/b/%zz", "/b/%ED%A0%80", "/b/\u00ff", "/b?prefix=%ff"])
    expect(() => head({}, target)).toThrow("Couldn't parse the specified URI.");
});

test("bucket and key come from path or host", () => {
  expect(splitAddress("/bucket", undefined)).toEqual({ bucket: "bucket", key: "" });
  expect(splitAddress("/bucket/", undefined)).toEqual({ bucket: "bucket", key: "" });
  expect(splitAddress("/bucket//a%20b?acl", undefined)).toEqual({ bucket: "bucket", key: "/a b" });
  expect(splitAddress("/a/b", "bucket")).toEqual({ bucket: "bucket", key: "a/b" });
  expect(splitAddress("/", undefined)).toEqual({ bucket: undefined, key: "" });
});
