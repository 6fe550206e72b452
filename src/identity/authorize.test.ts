import { describe, expect, test } from "bun:test";
import { AccessDenied, authorize } from "./authorize.ts";
import type { AccessRequest, Call } from "./call.ts";
import { rootPrincipal } from "./principal.ts";
import { account, NOW, region } from "./testing/fresh-identity.ts";

const HOME = account("123456789012");
const OTHER = account("999999999999");
const RESOURCE = "arn:aws:ecr:us-east-1:123456789012:repository/app";

function ask(
  by: typeof HOME,
  policy: object | undefined,
  more: Partial<AccessRequest> = {},
  call: Partial<Call> = {},
) {
  try {
    authorize(
      {
        principal: rootPrincipal(by, "AKID"),
        account: HOME,
        region: region("us-east-1"),
        requestId: "r",
        now: NOW,
        signal: new AbortController().signal,
        sourceIp: "203.0.113.7",
        secure: true,
        baseUrl: "http://localhost:7560",
        ...call,
      },
      {
        action: "ecr:BatchGetImage",
        resource: RESOURCE,
        resourceAccount: HOME,
        resourcePolicy: policy && JSON.stringify({ Version: "2008-10-17", Statement: policy }),
        ...more,
      },
    );
  } catch (error) {
    if (error instanceof AccessDenied) return error;
    throw error;
  }
  return undefined;
}

const USER = `User: arn:aws:iam::${OTHER}:root is not authorized to perform: ecr:BatchGetImage on resource: ${RESOURCE}`;
const open = (more: object = {}) => ({
  Effect: "Allow",
  Principal: { AWS: OTHER },
  Action: "ecr:*",
  ...more,
});

describe("authorize", () => {
  test("the root may do everything in its own account", () => {
    expect(ask(HOME, undefined)).toBeUndefined();
    expect(ask(HOME, open())).toBeUndefined();
  });
  test("another account is kept out in AWS's words", () => {
    const denied = ask(OTHER, undefined);
    expect([denied?.name, denied?.status]).toEqual(["AccessDeniedException", 400]);
    expect(denied?.message).toBe(
      `${USER} because no resource-based policy allows the ecr:BatchGetImage action`,
    );
    expect(ask(OTHER, open({ Action: "ecr:PutImage" }))?.message).toBe(denied?.message ?? "");
  });
  test("another account is let in by the resource's policy", () => {
    expect(ask(OTHER, open())).toBeUndefined();
  });
  test("an explicit deny keeps everybody out, and the decision names its statement", () => {
    const denied = ask(OTHER, [open(), { Sid: "Closed", Effect: "Deny", Principal: "*", Action: "*" }]);
    expect(denied?.message).toBe(`${USER} with an explicit deny in a resource-based policy`);
    expect(denied?.decision.statement?.sid).toBe("Closed");
    expect(ask(HOME, { Effect: "Deny", Principal: "*", Action: "*" })?.message).toContain(
      "with an explicit deny",
    );
  });

  const keys: Readonly<Record<string, string>> = {
    "aws:SourceIp": "203.0.113.7",
    "aws:SecureTransport": "true",
    "aws:PrincipalArn": `arn:aws:iam::${OTHER}:root`,
    "aws:PrincipalAccount": OTHER,
    "aws:PrincipalType": "Account",
    "aws:ResourceAccount": HOME,
    "aws:RequestedRegion": "us-east-1",
    "aws:userid": OTHER,
    "aws:CurrentTime": "2026-01-02T03:04:05.000Z",
    "aws:EpochTime": "1767323045",
    "aws:ViaAWSService": "false",
    "aws:PrincipalIsAWSService": "false",
    "ecr:ResourceTag/team": "blue",
  };
  for (const [key, value] of Object.entries(keys)) {
    test(`${key} is ${value}`, () => {
      const more = { context: { "ecr:ResourceTag/team": "blue" } };
      const condition = (text: string) => open({ Condition: { StringEquals: { [key]: text } } });
      expect(ask(OTHER, condition(value), more)).toBeUndefined();
      expect(ask(OTHER, condition(`${value}x`), more)).toBeDefined();
    });
  }
  test("a rule for TLS and one for the network decide by the connection", () => {
    const deny = [
      open(),
      {
        Effect: "Deny",
        Principal: "*",
        Action: "*",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        Effect: "Deny",
        Principal: "*",
        Action: "*",
        Condition: { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } },
      },
    ];
    expect(ask(OTHER, deny)).toBeUndefined();
    expect(ask(OTHER, deny, {}, { secure: false })).toBeDefined();
    expect(ask(OTHER, deny, {}, { sourceIp: "198.51.100.1" })).toBeDefined();
  });

  describe("nobody in particular", () => {
    const nobody = {
      kind: "anonymous",
      account: "anonymous" as typeof HOME,
      arn: "anonymous",
      userId: "anonymous",
      accessKeyId: "",
    } as const;
    const asNobody = (policy: object | undefined, more: Partial<AccessRequest> = {}) => {
      const call = { principal: nobody, account: nobody.account } as unknown as Partial<Call>;
      return ask(HOME, policy, more, call)?.message;
    };

    test("is let in by a policy that names everybody, and by no other", () => {
      expect(asNobody(open({ Principal: "*" }))).toBeUndefined();
      expect(asNobody(open({ Principal: { AWS: "*" } }))).toBeUndefined();
      expect(asNobody(open())).toBe("Access Denied");
      expect(asNobody(open({ Principal: "*", Effect: "Deny" }))).toBe("Access Denied");
      expect(asNobody(open({ Principal: "*", Action: "ecr:PutImage" }))).toBe("Access Denied");
    });
    test("has no account to be at home in, whatever the resource's is called", () => {
      expect(asNobody(undefined)).toBe("Access Denied");
      expect(asNobody(undefined, { resourceAccount: nobody.account })).toBe("Access Denied");
    });
    test("is known to conditions by its type, and by no account or ARN", () => {
      const when = (operator: string, key: string, value: string) =>
        asNobody(open({ Principal: "*", Condition: { [operator]: { [key]: value } } }));
      expect(when("StringEquals", "aws:PrincipalType", "Anonymous")).toBeUndefined();
      expect(when("StringEquals", "aws:PrincipalAccount", "anonymous")).toBe("Access Denied");
      expect(when("StringLike", "aws:PrincipalArn", "*")).toBe("Access Denied");
    });
  });
});
