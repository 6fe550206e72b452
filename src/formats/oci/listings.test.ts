import { describe, expect, test } from "bun:test";
import { clientOf, manifest, sha, startTestDoor } from "./testing/test-door.ts";

const door = startTestDoor();
const { ask, putManifest } = clientOf(door);

describe("lists", () => {
  test("tags come in pages that lead to each other, from any starting point", async () => {
    for (const tag of ["a", "b", "c", "d", "e"]) await putManifest(tag, manifest({}));
    const seen: string[][] = [];
    let next: string | undefined = "/v2/app/tags/list?n=2";
    while (next !== undefined) {
      const response: Response = await ask(next);
      seen.push(((await response.json()) as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(await (await ask("/v2/app/tags/list?last=bb")).json()).toEqual({
      name: "app",
      tags: ["c", "d", "e"],
    });
  });

  test("n=0 is an empty list without a link, still of a repository that exists", async () => {
    await putManifest("a", manifest({}));
    const response = await ask("/v2/app/tags/list?n=0");
    expect([await response.json(), response.headers.get("link")]).toEqual([{ name: "app", tags: [] }, null]);
    expect((await ask("/v2/nothing/tags/list?n=0")).status).toBe(404);
  });

  for (const n of ["-1", "x", "1.5", "", "1e3", "9".repeat(400)]) {
    test(`n=${n.slice(0, 10)} is refused`, async () => {
      expect((await ask(`/v2/app/tags/list?n=${n}`)).status).toBe(400);
    });
  }

  test("the catalog has every repository", async () => {
    expect(await (await ask("/v2/_catalog")).json()).toEqual({ repositories: ["app", "other", "team/app"] });
    expect((await ask("/v2/_catalog?n=1")).headers.get("link")).toBe(
      '</v2/_catalog?n=1&last=app>; rel="next"',
    );
  });

  async function referrers(
    next: string | undefined,
  ): Promise<{ pages: number; digests: string[]; applied: string | null }> {
    const digests: string[] = [];
    let pages = 0;
    let applied: string | null = null;
    while (next !== undefined) {
      const response: Response = await ask(next);
      expect(response.headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
      applied = response.headers.get("oci-filters-applied");
      const index = (await response.json()) as { manifests: { digest: string }[] };
      digests.push(...index.manifests.map(({ digest }) => digest));
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
      pages += 1;
    }
    return { pages, digests, applied };
  }

  test("referrers are an index, filtered when asked, in pages bounded by bytes", async () => {
    const subject = { digest: sha("subject") };
    const expected: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const body = manifest({
        subject,
        artifactType: index % 2 ? "a/odd" : "a/even",
        annotations: { x: `${index}`.repeat(900_000) },
      });
      expect((await putManifest(sha(body), body)).status).toBe(201);
      expected.push(sha(body));
    }
    const path = `/v2/app/referrers/${subject.digest}`;
    const all = await referrers(path);
    expect(all.digests.toSorted()).toEqual(expected.toSorted());
    expect([all.pages, all.applied]).toEqual([2, null]);
    const odd = await referrers(`${path}?artifactType=a/odd&n=1`);
    expect([odd.digests.length, odd.pages, odd.applied]).toEqual([3, 3, "artifactType"]);
  });

  test("no referrers is an empty index, never 404; a malformed digest is 400", async () => {
    expect(await (await ask(`/v2/app/referrers/${sha("x")}`)).json()).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    });
    expect((await ask("/v2/app/referrers/sha256:x")).status).toBe(400);
  });
});
