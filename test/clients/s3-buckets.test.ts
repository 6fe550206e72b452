/** Buckets come and go: `aws s3api` and boto3 on a running server. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { describeWithClients } from "../client.ts";
import { serveBuckets } from "./served-buckets.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(300_000);

describeWithClients("buckets", ["aws", "python"], () => {
  const { aws, s3api, refusal, s3, code } = serveBuckets();

  test("are made, found, listed and deleted", async () => {
    expect(await s3api("create-bucket", "first-bucket")).toEqual({
      Location: "/first-bucket",
      BucketArn: "arn:aws:s3:::first-bucket",
    });
    expect(await s3api("head-bucket", "first-bucket")).toMatchObject({ BucketRegion: "us-east-1" });
    expect(await s3api("get-bucket-location", "first-bucket")).toEqual({ LocationConstraint: null });
    const { Buckets } = JSON.parse(await aws(["s3api", "list-buckets"]));
    expect(Buckets).toEqual([
      {
        Name: "first-bucket",
        CreationDate: expect.any(String),
        BucketRegion: "us-east-1",
        BucketArn: "arn:aws:s3:::first-bucket",
      },
    ]);
    expect(await s3api("create-bucket", "first-bucket")).toMatchObject({ Location: "/first-bucket" });
    const tags = { CreateBucketConfiguration: { Tags: [{ Key: "team", Value: "a" }] } };
    expect(await code("create_bucket", { Bucket: "first-bucket", ...tags })).toBe("BucketAlreadyOwnedByYou");
    await s3api("delete-bucket", "first-bucket");
    expect(await refusal("head-bucket", "first-bucket")).toBe("404");
    expect(await refusal("delete-bucket", "first-bucket")).toBe("NoSuchBucket");
  });

  test("lie in the region that they were made for", async () => {
    const location = (region: string) => ["--create-bucket-configuration", `LocationConstraint=${region}`];
    await s3api("create-bucket", "in-dublin", ...location("eu-west-1"), "--region", "eu-west-1");
    expect(await s3api("get-bucket-location", "in-dublin")).toEqual({ LocationConstraint: "eu-west-1" });
    expect(await refusal("create-bucket", "nowhere", "--region", "eu-west-1")).toBe(
      "IllegalLocationConstraintException",
    );
    expect(
      await refusal("create-bucket", "nowhere", ...location("eu-central-1"), "--region", "eu-west-1"),
    ).toBe("IllegalLocationConstraintException");
    expect(await refusal("create-bucket", "nowhere", ...location("us-east-1"))).toBe(
      "InvalidLocationConstraint",
    );
    expect(await refusal("create-bucket", "nowhere", ...location("middle-earth"))).toBe(
      "InvalidLocationConstraint",
    );
    for (const elsewhere of ["us-east-1", "middle-earth"])
      expect(await refusal("create-bucket", "nowhere", ...location(elsewhere), "--region", "eu-west-1")).toBe(
        "IllegalLocationConstraintException",
      );
    expect(
      await refusal("create-bucket", "in-dublin", ...location("eu-west-1"), "--region", "eu-west-1"),
    ).toBe("BucketAlreadyOwnedByYou");
    await s3api("delete-bucket", "in-dublin", "--region", "eu-west-1");
  });

  test("are listed by pages, by prefix and by region", async () => {
    for (const name of ["page-a", "page-b", "page-c", "other-d"]) await s3("create_bucket", { Bucket: name });
    await s3("create_bucket", {
      Bucket: "page-x",
      CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
    });
    const names = (page: Record<string, unknown>) =>
      (page["Buckets"] as { Name: string }[]).map(({ Name }) => Name);
    const first = await s3("list_buckets", { Prefix: "page-", MaxBuckets: 2 });
    expect([names(first), first["Prefix"]]).toEqual([["page-a", "page-b"], "page-"]);
    const token = first["ContinuationToken"];
    const second = await s3("list_buckets", { Prefix: "page-", MaxBuckets: 2, ContinuationToken: token });
    expect([names(second), second["ContinuationToken"]]).toEqual([["page-c", "page-x"], undefined]);
    expect(names(await s3("list_buckets", { BucketRegion: "eu-west-1" }))).toEqual(["page-x"]);
    expect(await code("list_buckets", { Prefix: "x", ContinuationToken: token })).toBe("InvalidArgument");
    expect(names(await s3("list_buckets", { Prefix: "page-a", ContinuationToken: "" }))).toEqual(["page-a"]);
    expect(await code("list_buckets", { MaxBuckets: 0 })).toBe("InvalidArgument");
    expect(await code("list_buckets", { MaxBuckets: 10_001 })).toBe("InvalidArgument");
  });

  test("are made with Object Lock, tags and versions from the start", async () => {
    await s3("create_bucket", {
      Bucket: "locked",
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { Tags: [{ Key: "team", Value: "a" }] },
    });
    expect(await s3api("get-bucket-versioning", "locked")).toEqual({ Status: "Enabled" });
    expect(await s3api("get-object-lock-configuration", "locked")).toEqual({
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
    });
    expect(await s3api("get-bucket-tagging", "locked")).toEqual({ TagSet: [{ Key: "team", Value: "a" }] });
    expect(
      await refusal("put-bucket-versioning", "locked", "--versioning-configuration", "Status=Suspended"),
    ).toBe("InvalidBucketState");
  });

  test("are not deleted while anything is in them, and take their unfinished uploads along", async () => {
    await s3("create_bucket", { Bucket: "full" });
    await s3("put_bucket_versioning", { Bucket: "full", VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId: version } = await s3("put_object", { Bucket: "full", Key: "a", Body: "x" });
    const { VersionId: marker } = await s3("delete_object", { Bucket: "full", Key: "a" });
    expect(await code("delete_bucket", { Bucket: "full" })).toBe("BucketNotEmpty");
    await s3("delete_object", { Bucket: "full", Key: "a", VersionId: version });
    expect(await code("delete_bucket", { Bucket: "full" })).toBe("BucketNotEmpty");
    await s3("delete_object", { Bucket: "full", Key: "a", VersionId: marker });
    for (const key of ["one", "two"]) {
      const { UploadId } = await s3("create_multipart_upload", { Bucket: "full", Key: key });
      const part = { Bucket: "full", Key: key, UploadId, PartNumber: 1, Body: "part" };
      expect(await s3("upload_part", part)).toHaveProperty("ETag");
    }
    expect(await code("delete_bucket", { Bucket: "full" })).toBe("none");
    expect(await code("head_bucket", { Bucket: "full" })).toBe("404");
  });
});
