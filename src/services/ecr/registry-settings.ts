/** What is set for a whole registry, an account in a region: its policy and the account settings. */
import type {
  GetAccountSettingCommandInput,
  PutAccountSettingCommandInput,
  PutRegistryPolicyCommandInput,
} from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { invalidParameter, registryPolicyNotFound } from "./errors.ts";
import { validatePolicy } from "./policy-text.ts";
import { authorizeRegistry, registrySettings } from "./repository-access.ts";

/**
 * The settings and what each may be; the first is the default. One deliberate difference: blob mounting is on
 * unless it is turned off, as every other registry has it (ECR made it opt-in in January 2026).
 */
const ACCOUNT_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  BASIC_SCAN_TYPE_VERSION: ["AWS_NATIVE"],
  REGISTRY_POLICY_SCOPE: ["V2"],
  BLOB_MOUNTING: ["ENABLED", "DISABLED"],
};

export async function describeRegistry(ecr: EcrContext, call: Call) {
  await authorizeRegistry(ecr, call, "ecr:DescribeRegistry");
  return { registryId: call.account, replicationConfiguration: { rules: [] } };
}

export async function getRegistryPolicy(ecr: EcrContext, call: Call) {
  await authorizeRegistry(ecr, call, "ecr:GetRegistryPolicy");
  const policyText = (await registrySettings(ecr.metadata.reader, call))?.policy ?? undefined;
  if (policyText === undefined) throw registryPolicyNotFound(call.account);
  return { registryId: call.account, policyText };
}

export async function putRegistryPolicy(ecr: EcrContext, call: Call, input: PutRegistryPolicyCommandInput) {
  await authorizeRegistry(ecr, call, "ecr:PutRegistryPolicy");
  const policyText = input.policyText ?? "";
  validatePolicy(policyText, "registry");
  await changeSettings(ecr, call, { policy: policyText });
  return { registryId: call.account, policyText };
}

export async function deleteRegistryPolicy(ecr: EcrContext, call: Call) {
  await authorizeRegistry(ecr, call, "ecr:DeleteRegistryPolicy");
  const policyText = (await registrySettings(ecr.metadata.reader, call))?.policy ?? undefined;
  if (policyText === undefined) throw registryPolicyNotFound(call.account);
  await changeSettings(ecr, call, { policy: null });
  return { registryId: call.account, policyText };
}

export async function getAccountSetting(ecr: EcrContext, call: Call, input: GetAccountSettingCommandInput) {
  const { name, values } = accountSetting(input.name);
  await authorizeRegistry(ecr, call, "ecr:GetAccountSetting");
  const settings = await registrySettings(ecr.metadata.reader, call);
  return { name, value: (name === "BLOB_MOUNTING" && settings?.blob_mounting) || values[0] };
}

export async function putAccountSetting(ecr: EcrContext, call: Call, input: PutAccountSettingCommandInput) {
  const { name, values } = accountSetting(input.name);
  await authorizeRegistry(ecr, call, "ecr:PutAccountSetting");
  const value = input.value ?? "";
  if (!values.includes(value)) {
    throw invalidParameter("value", `Member must satisfy enum value set: [${values.join(", ")}]`);
  }
  if (name === "BLOB_MOUNTING") await changeSettings(ecr, call, { blob_mounting: value });
  return { name, value };
}

function accountSetting(name = ""): { name: string; values: readonly string[] } {
  const values = Object.hasOwn(ACCOUNT_SETTINGS, name) ? ACCOUNT_SETTINGS[name] : undefined;
  if (values === undefined) {
    const names = Object.keys(ACCOUNT_SETTINGS).join(", ");
    throw invalidParameter("name", `Member must satisfy enum value set: [${names}]`);
  }
  return { name, values };
}

async function changeSettings(
  ecr: EcrContext,
  call: Call,
  change: { policy?: string | null; blob_mounting?: string },
): Promise<void> {
  await ecr.metadata.write((tx) =>
    tx
      .insertInto("ecr_registries")
      .values({ account: call.account, region: call.region, policy: null, blob_mounting: null, ...change })
      .onConflict((conflict) => conflict.columns(["account", "region"]).doUpdateSet(change))
      .execute(),
  );
}
