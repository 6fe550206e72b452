import { describe, expect, test } from "bun:test";
import { AwsError } from "../../aws/errors.ts";
import { ManifestInvalid } from "../../services/ecr/index.ts";
import {
  authorization,
  clientOf,
  code,
  MANIFEST_TYPE,
  manifest,
  sha,
  startTestDoor,
} from "./testing/test-door.ts";

const door = startTestDoor();
const { ask, putManifest, raw } = clientOf(door);

describe("manifests", () => {
  test("come back in the bytes and type they were pushed with, by tag and digest", async () => {
    const body = manifest({ config: { mediaType: "x/y" }, layers: [], "  spaces": "  kept " });
    const put = await putManifest("v1", body);
    expect(put.status).toBe(201);
    expect(put.headers.get("location")).toBe(`/v2/app/manifests/${sha(body)}`);
    for (const reference of ["v1", sha(body)]) {
      const got = await ask(`/v2/app/manifests/${reference}`);
      expect(await got.text()).toBe(body);
      expect(got.headers.get("content-type")).toBe(MANIFEST_TYPE);
      expect(got.headers.get("docker-content-digest")).toBe(sha(body));
      const head = await ask(`/v2/app/manifests/${reference}`, { method: "HEAD" });
      expect(head.headers.get("content-length")).toBe(String(body.length));
    }
  });

  test("the engine hears what the client understands", async () => {
    const heard: unknown[] = [];
    const { getManifest } = door.registry;
    door.registry = {
      ...door.registry,
      getManifest: (call, name, reference, countAsPull, accepted) => {
        heard.push(accepted);
        return getManifest(call, name, reference, countAsPull);
      },
    };
    await putManifest("v1", manifest({}));
    for (const accept of ["a/b;q=0.5, c/d+json ,e/f", "a/b, */*", "application/*"]) {
      await ask("/v2/app/manifests/v1", { headers: { accept } });
    }
    expect(heard).toEqual([["a/b", "c/d+json", "e/f"], undefined, undefined]);
  });

  test("only a GET counts as a pull", async () => {
    const pulls: boolean[] = [];
    const { getManifest } = door.registry;
    door.registry = {
      ...door.registry,
      getManifest: (call, name, reference, countAsPull) => {
        pulls.push(countAsPull);
        return getManifest(call, name, reference, countAsPull);
      },
    };
    await putManifest("v1", manifest({}));
    await ask("/v2/app/manifests/v1", { method: "HEAD" });
    await ask("/v2/app/manifests/v1");
    expect(pulls).toEqual([false, true]);
  });

  test("by digest with tags: each accepted tag is named and works", async () => {
    const body = manifest({ n: 1 });
    const put = await putManifest(`${sha(body)}?tag=1.2.3&tag=1.2&tag=latest`, body);
    expect(put.headers.get("oci-tag")).toBe("1.2.3, 1.2, latest");
    expect((await ask("/v2/app/manifests/1.2", { method: "HEAD" })).status).toBe(200);
    expect((await putManifest(`${sha(body)}?tag=${"%20"}`, body)).status).toBe(400);
    expect((await putManifest(`${sha(body)}?${"tag=a&".repeat(101)}`, body)).status).toBe(414);
  });

  test("with a subject say so", async () => {
    const subject = sha("whatever");
    const put = await putManifest("sig", manifest({ subject: { digest: subject } }));
    expect(put.headers.get("oci-subject")).toBe(subject);
  });

  test("may have 4 MiB and not one byte more", async () => {
    const limit = 4 * 1024 * 1024;
    const fits = manifest({ a: "x".repeat(limit - manifest({ a: "" }).length) });
    expect((await putManifest("big", fits)).status).toBe(201);
    const response = await putManifest("bigger", `${fits} `);
    expect([response.status, await code(response)]).toEqual([413, "SIZE_INVALID"]);
    const unannounced = await raw(
      [
        "PUT /v2/app/manifests/bigger HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
        `Authorization: ${authorization}\r\nTransfer-Encoding: chunked\r\n\r\n`,
        `${(limit + 1).toString(16)}\r\n${fits} \r\n0\r\n\r\n`,
      ].join(""),
    );
    expect(unannounced).toStartWith("HTTP/1.1 413");
  });

  for (const reference of [
    "-a",
    ".a",
    "a b",
    "a".repeat(129),
    "a%2fb",
    "sha256:abc",
    "sha999:abc",
    "a@b",
    "%00",
  ]) {
    test(`reference ${JSON.stringify(reference.slice(0, 20))} is refused`, async () => {
      expect((await ask(`/v2/app/manifests/${reference}`)).status).toBe(400);
      expect((await putManifest(reference, manifest({}))).status).toBe(400);
      expect((await ask(`/v2/app/manifests/${reference}`, { method: "DELETE" })).status).toBe(400);
    });
  }

  test("one that the engine does not accept is MANIFEST_INVALID, with the reason", async () => {
    door.registry = {
      ...door.registry,
      putManifest: async () => {
        throw new ManifestInvalid("nested deeper than 32 levels");
      },
    };
    const response = await putManifest("v1", "[[[[");
    const [error] = JSON.parse(await response.text()).errors;
    expect([response.status, error.code]).toEqual([400, "MANIFEST_INVALID"]);
    expect(error.message).toContain("nested deeper");
  });

  test("errors of the engine carry its words and the specification's codes", async () => {
    const cases: readonly (readonly [error: string, status: number, code: string])[] = [
      ["RepositoryNotFoundException", 404, "NAME_UNKNOWN"],
      ["LayersNotFoundException", 404, "MANIFEST_BLOB_UNKNOWN"],
      ["ReferencedImagesNotFoundException", 404, "MANIFEST_BLOB_UNKNOWN"],
      ["ImageTagAlreadyExistsException", 400, "TAG_INVALID"],
      ["InvalidParameterException", 400, "NAME_INVALID"],
      ["ImageReferencedByManifestList", 400, "DENIED"],
      ["ImageDigestDoesNotMatchException", 400, "DIGEST_INVALID"],
      ["LimitExceededException", 403, "DENIED"],
      ["AccessDeniedException", 403, "DENIED"],
      ["ThrottlingException", 429, "TOOMANYREQUESTS"],
      ["SomethingNewException", 400, "UNSUPPORTED"],
    ];
    for (const [name, status, expected] of cases) {
      door.registry = {
        ...door.registry,
        putManifest: async () => {
          throw new AwsError(name, `the words of ${name}`);
        },
      };
      const response = await putManifest("v1", manifest({}));
      const text = await response.text();
      expect([response.status, JSON.parse(text).errors[0]]).toEqual([
        status,
        { code: expected, message: `the words of ${name}` },
      ]);
    }
  });
});
