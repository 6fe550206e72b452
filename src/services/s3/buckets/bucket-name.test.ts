import { describe, expect, test } from "bun:test";
import { checkBucketName } from "./bucket-name.ts";

const OWNER = { account: "111122223333", region: "us-west-2" };

describe("names of buckets that are taken", () => {
  for (const name of ["abc", "my-bucket", "my.bucket.1", "1bucket", "a".repeat(63), "a-b", "192.168.5"])
    test(name, () => expect(() => checkBucketName(name)).not.toThrow());
  test("of the account's own regional namespace", () => {
    expect(() => checkBucketName("amzn-111122223333-us-west-2-an", OWNER)).not.toThrow();
  });
});

describe("names of buckets that are refused", () => {
  const names = [
    "",
    "ab",
    "a".repeat(64),
    "Bucket",
    "my_bucket",
    "a.-b",
    "a-.b",
    "-bucket",
    "bucket-",
    ".bucket",
    "bucket.",
    "my..bucket",
    "192.168.5.4",
    "xn--bucket",
    "sthree-bucket",
    "amzn-s3-demo-bucket",
    "bucket-s3alias",
    "bucket--ol-s3",
    "bucket.mrap",
    "bucket--x-s3",
    "bucket--table-s3",
    "bücket",
    "bucket\n",
    "bucket/a",
    "thing-111122223333-us-west-2-an",
  ];
  for (const name of names)
    test(JSON.stringify(name), () =>
      expect(() => checkBucketName(name)).toThrow(expect.objectContaining({ name: "InvalidBucketName" })),
    );
  for (const name of [
    "mine",
    "mine-444455556666-us-west-2-an",
    "mine-111122223333-eu-west-1-an",
    "-111122223333-us-west-2-an",
  ])
    test(`${name}, in the regional namespace of another`, () =>
      expect(() => checkBucketName(name, OWNER)).toThrow(
        expect.objectContaining({ name: "InvalidBucketName" }),
      ));
});
