import { AwsError } from "../errors.ts";
import type { SignatureProblem } from "./problems.ts";

/** The families of services that word signature errors in their own way. */
export type SignatureErrorFamily = "json" | "rest-json" | "query" | "ec2" | "s3";

/** The error that services of `family` answer a bad signature with. */
export function signatureError(_family: SignatureErrorFamily, problem: SignatureProblem): AwsError {
  return new AwsError("InvalidSignatureException", problem.message);
}
