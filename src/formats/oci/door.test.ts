import { describe, expect, test } from "bun:test";
import { clientOf, code, startTestDoor } from "./testing/test-door.ts";

const door = startTestDoor();
const { ask } = clientOf(door);

describe("anything else", () => {
  test("a method that an endpoint does not have is 405 and names those it has", async () => {
    const response = await ask("/v2/app/tags/list", { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(await code(response)).toBe("UNSUPPORTED");
    expect((await ask("/v2/app/blobs/uploads/", { method: "GET" })).headers.get("allow")).toBe("POST");
  });

  test("a path that is no endpoint is 404", async () => {
    expect((await ask("/v2/app/things/x")).status).toBe(404);
  });

  test("control characters in a query are refused", async () => {
    for (const query of ["last=%00", "last=a%0d%0aX-Evil:1", "last=%ff", "x%00=1"]) {
      expect((await ask(`/v2/app/tags/list?${query}`)).status).toBe(400);
    }
  });
});
