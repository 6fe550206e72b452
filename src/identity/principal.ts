import type { AccountId } from "../aws/names.ts";
import type { Principal } from "./call.ts";

export function rootPrincipal(account: AccountId, accessKeyId: string): Principal {
  return { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account, accessKeyId };
}
