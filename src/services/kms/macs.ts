import { createHmac, timingSafeEqual } from "node:crypto";
import type { GenerateMacCommandInput, MacAlgorithmSpec, VerifyMacCommandInput } from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import type { KmsContext } from "./context.ts";
import { materialOf } from "./encryption.ts";
import { dryRunPassed, invalidMac, validation } from "./errors.ts";
import { keyArn } from "./key.ts";
import { openForUse } from "./open-named-key.ts";
import { hashOf } from "./rsa.ts";

export async function generateMac(kms: KmsContext, call: Call, input: GenerateMacCommandInput) {
  const { arn, algorithm, mac } = await compute(kms, call, "GenerateMac", input);
  return { KeyId: arn, Mac: mac, MacAlgorithm: algorithm };
}

export async function verifyMac(kms: KmsContext, call: Call, input: VerifyMacCommandInput) {
  const { arn, algorithm, mac } = await compute(kms, call, "VerifyMac", input);
  const given = input.Mac ?? new Uint8Array(0);
  if (given.byteLength !== mac.byteLength || !timingSafeEqual(given, mac)) throw invalidMac();
  return { KeyId: arn, MacValid: true, MacAlgorithm: algorithm };
}

async function compute(
  kms: KmsContext,
  call: Call,
  operation: "GenerateMac" | "VerifyMac",
  input: Pick<GenerateMacCommandInput, "KeyId" | "Message" | "MacAlgorithm" | "DryRun">,
): Promise<{ readonly arn: string; readonly algorithm: MacAlgorithmSpec; readonly mac: Buffer }> {
  const { MacAlgorithm: algorithm, Message: message = new Uint8Array(0) } = input;
  if (algorithm === undefined) throw validation("A MacAlgorithm must be given.");
  const key = await openForUse(kms, call, input.KeyId, {
    operation,
    usage: "GENERATE_VERIFY_MAC",
    algorithm,
    conditions: { "kms:MacAlgorithm": algorithm },
  });
  if (input.DryRun) throw dryRunPassed();
  const { secret } = await materialOf(kms, key, key.version);
  return { arn: keyArn(key), algorithm, mac: createHmac(hashOf(algorithm), secret).update(message).digest() };
}
