import { describe, expect, test } from "bun:test";
import { AwsError } from "../../aws/errors.ts";
import { parseAccountId, parseRegion } from "../../aws/names.ts";
import { basic, clientOf, code, REGION, startTestDoor } from "./testing/test-door.ts";

const door = startTestDoor();
const { ask, raw } = clientOf(door);

describe("who may come in", () => {
  test("without credentials: ECR's challenge and its plain words", async () => {
    const response = await fetch(`${door.base}/v2/`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Basic realm="${door.base}/",service="ecr.amazonaws.com"`,
    );
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect((await response.text()).trim()).toBe("Not Authorized");
  });

  const refused: readonly (readonly [what: string, header: string])[] = [
    ["another user name", basic("aws", "token")],
    ["a wrong token", basic("AWS", "other")],
    ["no colon", `Basic ${Buffer.from("AWS").toString("base64")}`],
    ["a bearer token", "Bearer token"],
    ["no base64", "Basic ???"],
    ["an endless header", basic("AWS", "x".repeat(9000))],
  ];
  for (const [what, header] of refused) {
    test(`${what} is not let in`, async () => {
      for (const path of ["/v2/", "/v2/app/tags/list", "/v2/nothing/at/all"]) {
        expect((await fetch(door.base + path, { headers: { authorization: header } })).status).toBe(401);
      }
    });
  }

  test("an expired token is told apart, in ECR's words", async () => {
    const response = await fetch(`${door.base}/v2/`, { headers: { authorization: basic("AWS", "old") } });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain(
      "Your authorization token has expired. Reauthenticate and try again.",
    );
  });

  test("the challenge does not let a host name out of its quotes", async () => {
    const answer = await raw(`GET /v2/ HTTP/1.1\r\nHost: a",evil="b\r\nConnection: close\r\n\r\n`);
    if (answer.startsWith("HTTP/1.1 400")) return; // the runtime refused it before us
    expect(answer).toContain('Basic realm="http://a,evil=b/",service="ecr.amazonaws.com"');
  });

  test("a good token in another region's host is refused with the reason", async () => {
    const other = parseRegion("eu-west-1");
    door.host = other ? { region: other } : {};
    const response = await ask("/v2/");
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("us-east-1");
  });

  test("in a host of another account the caller stays who he is and that account's repositories are meant", async () => {
    const other = parseAccountId("111122223333");
    door.host = other ? { account: other, region: REGION } : {};
    let seen = "";
    door.registry = {
      ...door.registry,
      listTags: async (call) => {
        seen = `${call.principal.account} in ${call.account}`;
        throw new AwsError("AccessDeniedException", "not authorized to perform: ecr:ListImages");
      },
    };
    const response = await ask("/v2/app/tags/list");
    expect(response.status).toBe(403);
    expect(await code(response)).toBe("DENIED");
    expect(seen).toBe("123456789012 in 111122223333");
  });
});
