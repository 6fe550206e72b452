import { beforeEach, describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SignatureProblem } from "../aws/sigv4/problems.ts";
import { awsDoor } from "./aws-door.ts";
import { BodyShares, networkOf, ShareExhausted } from "./body-shares.ts";
import { createBodyReader } from "./request-body.ts";
import { testServers } from "./testing/test-servers.ts";

describe("one who holds a share, and the others", () => {
  const { open, client } = testServers();
  let port: number;

  function limitedDoor() {
    const ofStrangers = createBodyReader(200_000, 1_000_000, { accessKey: 300_000, network: 200_000 });
    return awsDoor({
      services: [],
      bodies: { ofSigners: createBodyReader(), ofStrangers },
      identity: {
        // The body was let in when this is what is wrong with it.
        async authenticate(_signed, _request, bodySha256) {
          await bodySha256?.();
          throw new SignatureProblem("mismatch");
        },
      },
    });
  }

  beforeEach(async () => {
    ({ port } = await open(limitedDoor(), { stallSeconds: 30 }));
  });

  const SERVICES = { ecr: ["POST", "/"], sts: ["POST", "/"], codeartifact: ["POST", "/v1/domain"] } as const;

  function head(accessKey: string, length: number, service: keyof typeof SERVICES = "ecr"): string {
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${accessKey}/${now.slice(0, 8)}/us-east-1/${service}/aws4_request`;
    const [method, path] = SERVICES[service];
    return [
      `${method} ${path} HTTP/1.1`,
      "Host: localhost",
      `X-Amz-Date: ${now}`,
      "Content-Type: application/x-amz-json-1.1",
      `Authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
      `Content-Length: ${length}\r\n\r\n`,
    ].join("\r\n");
  }

  /** Sends all of a body but its last byte, which keeps the memory for it. */
  function hold(accessKey: string, from: string) {
    const holding = client(port, from);
    holding.send(`${head(accessKey, 190_000)}${"x".repeat(189_999)}`);
    return holding;
  }

  async function answerTo(accessKey: string, from: string, size: number, service?: keyof typeof SERVICES) {
    const raw = client(port, from);
    raw.send(`${head(accessKey, size, service)}${"x".repeat(size)}`);
    await raw.until("\r\n\r\n");
    await raw.until(service === "sts" ? "</ErrorResponse>" : "}");
    return raw.received;
  }

  const LET_IN = "InvalidSignatureException";

  /** Until what was sent has arrived there. */
  async function refusedTo(accessKey: string, from: string): Promise<string> {
    for (;;) {
      const answer = await answerTo(accessKey, from, 100_000);
      if (!answer.includes(LET_IN)) return answer;
      await sleep(10);
    }
  }

  test("a client that fills its network's share is told to slow down, and all others are served", async () => {
    hold("AKIAONE", "127.0.0.1");
    const refused = await refusedTo("AKIATWO", "127.0.0.1");
    expect(refused).toStartWith("HTTP/1.1 400 ");
    expect(refused).toContain('"__type":"ThrottlingException"');
    expect(refused).toContain("Rate exceeded");
    expect(await answerTo("AKIATWO", "127.0.0.2", 190_000)).toContain(LET_IN);
  });

  test("whoever uses the same key from elsewhere has room beside one network; many fill the key's share", async () => {
    hold("AKIAONE", "127.0.0.1");
    await refusedTo("AKIATWO", "127.0.0.1");
    expect(await answerTo("AKIAONE", "127.0.0.2", 100_000)).toContain(LET_IN);
    hold("AKIAONE", "127.0.0.3");
    await refusedTo("AKIAONE", "127.0.0.2");
    expect(await answerTo("AKIATWO", "127.0.0.2", 190_000)).toContain(LET_IN);
  });

  test("ordinary calls go through beside a full share", async () => {
    hold("AKIAONE", "127.0.0.1");
    await refusedTo("AKIATWO", "127.0.0.1");
    expect(await answerTo("AKIAONE", "127.0.0.1", 10_000)).toContain(LET_IN);
  });

  test("each protocol has its own words", async () => {
    hold("AKIAONE", "127.0.0.1");
    await refusedTo("AKIATWO", "127.0.0.1");
    expect(await answerTo("AKIATWO", "127.0.0.1", 100_000, "sts")).toContain("<Code>Throttling</Code>");
    const rest = await answerTo("AKIATWO", "127.0.0.1", 100_000, "codeartifact");
    expect(rest).toStartWith("HTTP/1.1 429 ");
    expect(rest.toLowerCase()).toContain("x-amzn-errortype: throttlingexception");
  });

  const endings = {
    "resets the connection": (holding: ReturnType<typeof client>) => holding.reset(),
    "closes it in the middle": (holding: ReturnType<typeof client>) => holding.destroy(),
    "sends the rest": (holding: ReturnType<typeof client>) => holding.send("x"),
    "sends nothing more and is cut": () => {},
  };
  test.each(Object.entries(endings))("a share is free again when its holder %s", async (_what, end) => {
    ({ port } = await open(limitedDoor(), { stallSeconds: 2 }));
    const holding = hold("AKIAONE", "127.0.0.1");
    await refusedTo("AKIATWO", "127.0.0.1");
    end(holding);
    while (!(await answerTo("AKIATWO", "127.0.0.1", 100_000)).includes(LET_IN)) await sleep(20);
  });
});

describe("what counts as one client", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1:2:3:4%eth0", "fe80:0:0:0::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["", ""],
  ])("%p is of %p", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("nothing is kept of those who hold nothing", () => {
    const shares = new BodyShares({ accessKey: 200_000, network: 100_000 });
    const [one, two] = [
      shares.open({ accessKey: "A", address: "192.0.2.1" }),
      shares.open({ accessKey: "A" }),
    ];
    one.grow(50_000);
    two.grow(150_000);
    expect(() => one.grow(150_000)).toThrow(ShareExhausted);
    expect(shares.holders).toBe(2);
    one.release();
    one.release();
    expect(shares.holders).toBe(1);
    two.grow(200_000);
    two.release();
    expect(shares.holders).toBe(0);
  });
});
