import type {
  GetKeyPolicyCommandInput,
  ListKeyPoliciesCommandInput,
  PutKeyPolicyCommandInput,
} from "@aws-sdk/client-kms";
import { AwsError } from "../../aws/errors.ts";
import type { Call } from "../../identity/call.ts";
import { authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { unsupported } from "./errors.ts";
import { requireNoLockout, validateKeyPolicy } from "./key-policy.ts";
import { openOwnKey } from "./open-named-key.ts";

/** The one policy that a key has. */
const NAME = "default";

export async function putKeyPolicy(kms: KmsContext, call: Call, input: PutKeyPolicyCommandInput) {
  if (input.PolicyName !== undefined && input.PolicyName !== NAME)
    throw unsupported("Only the policy named default is supported.");
  const bypass = input.BypassPolicyLockoutSafetyCheck === true;
  const key = await openOwnKey(kms, call, input.KeyId, {
    action: "kms:PutKeyPolicy",
    conditions: { "kms:BypassPolicyLockoutSafetyCheck": String(bypass) },
  });
  const policy = input.Policy ?? "";
  validateKeyPolicy(policy);
  if (!bypass) {
    await requireNoLockout(() => authorizeKey(kms, call, { ...key, policy }, { action: "kms:PutKeyPolicy" }));
  }
  await kms.metadata.write((tx) =>
    tx.updateTable("kms_keys").set({ policy }).where("id", "=", key.id).execute(),
  );
  return {};
}

export async function getKeyPolicy(kms: KmsContext, call: Call, input: GetKeyPolicyCommandInput) {
  const key = await openOwnKey(kms, call, input.KeyId, { action: "kms:GetKeyPolicy" });
  if (input.PolicyName !== undefined && input.PolicyName !== NAME)
    throw new AwsError("NotFoundException", "No such policy exists");
  return { Policy: key.policy, PolicyName: NAME };
}

export async function listKeyPolicies(kms: KmsContext, call: Call, input: ListKeyPoliciesCommandInput) {
  await openOwnKey(kms, call, input.KeyId, { action: "kms:ListKeyPolicies" });
  return { PolicyNames: [NAME], Truncated: false };
}
