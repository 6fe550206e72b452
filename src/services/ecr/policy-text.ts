import { AwsError } from "../../aws/errors.ts";
import { invalidParameter } from "./errors.ts";
import { isJsonObject, JsonProblem, parseStrictJson } from "./strict-json.ts";

/** Throws InvalidParameterException with ECR's text. */
export function validatePolicy(text: string, parameter: string, refusal: string): void {
  try {
    const document = parseStrictJson(Buffer.from(text), 16);
    if (isJsonObject(document) && document["Statement"] !== undefined) return;
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
  }
  throw invalidParameter(parameter, refusal);
}

/** Whether the permission check throws AccessDeniedException. */
export function locksOut(authorize: () => void): boolean {
  try {
    authorize();
    return false;
  } catch (error) {
    if (error instanceof AwsError && error.name === "AccessDeniedException") return true;
    throw error;
  }
}
