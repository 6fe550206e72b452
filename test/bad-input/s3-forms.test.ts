/** Forms that must not get a file into a bucket: what their policy does not say, and what is no form. */
import { describe, expect, test } from "bun:test";
import type { RawRequest } from "./raw-client.ts";
import { multipart } from "./s3-signer.ts";
import { said, startVictimBucket } from "./victim-bucket.ts";

const victim = startVictimBucket();
const { send, ask } = victim;

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
    const fields = victim.signer.form({ key: "lie" }, { conditions });
    const other = victim.signer.form(
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
      post(victim.signer.form(fields, { conditions: [...conditions, ...more] }));
    expect(await allowed({ key: "other" })).toBe("403 AccessDenied");
    expect(await allowed({ key: "lie", acl: "public-read" })).toBe("403 AccessDenied");
    expect(await allowed({ key: "lie", "x-amz-meta-a": "1" })).toBe("403 AccessDenied");
    expect(await allowed({ key: "lie" }, [["content-length-range", 0, 4]])).toBe("400 EntityTooLarge");
    expect(await allowed({ key: "lie" }, [["content-length-range", 6, 10]])).toBe("400 EntityTooSmall");
    expect(
      await post(victim.signer.form({ key: "lie" }, { conditions, expiration: "2020-01-01T00:00:00Z" })),
    ).toBe("403 AccessDenied");
    expect(await post(victim.signer.form({}, { conditions }))).toBe("400 InvalidArgument");
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
      expect([policy, await post(victim.signer.form({ key: "lie" }, policy))]).toEqual([
        policy,
        "400 InvalidPolicyDocument",
      ]);
  });

  test("with names of metadata that no header can have: each read would break on them", async () => {
    for (const name of ["a b", "ü", "a:b"]) {
      const condition = ["starts-with", `$x-amz-meta-${name}`, ""];
      const fields = victim.signer.form(
        { key: "lie", [`x-amz-meta-${name}`]: "v" },
        { conditions: [...conditions, condition] },
      );
      expect([name, await post(fields)]).toEqual([name, "400 InvalidArgument"]);
    }
  });

  test("that are no forms, too large before their file, or cut off", async () => {
    const fields = victim.signer.form({ key: "lie" }, { conditions });
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
