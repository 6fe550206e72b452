import { expect, test } from "bun:test";
import type { Call } from "../../identity/call.ts";
import { rootPrincipal } from "../../identity/principal.ts";
import { account, NOW, region } from "../../identity/testing/fresh-identity.ts";
import { sts } from "./index.ts";

const ACCOUNT = account("123456789012");

test("GetCallerIdentity names the root of the key's account", async () => {
  const call: Call = {
    principal: rootPrincipal(ACCOUNT, "AKID"),
    account: ACCOUNT,
    region: region("eu-west-1"),
    requestId: "r",
    now: NOW,
    signal: new AbortController().signal,
    sourceIp: "127.0.0.1",
    secure: false,
    baseUrl: "http://localhost:7560",
  };
  expect(await sts.operations["GetCallerIdentity"]?.(call, {} as never)).toEqual({
    UserId: "123456789012",
    Account: "123456789012",
    Arn: "arn:aws:iam::123456789012:root",
  });
});
