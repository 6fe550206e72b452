import { AwsError } from "../../aws/errors.ts";
import { parsePolicy } from "../../identity/policy/parse-policy.ts";
import { PolicyProblem } from "../../identity/policy/policy.ts";
import { invalidParameter } from "./errors.ts";

/** ECR's limit, in characters. */
const MAX_LENGTH = 10_240;

/** A repository policy is about its repository; a registry policy names the repositories it is about. */
const KINDS = {
  repository: { resource: "implied", refusal: "Invalid repository policy provided" },
  registry: { resource: "required", refusal: "Invalid registry policy provided" },
} as const;

/** Throws InvalidParameterException with ECR's text, and after it what is wrong. */
export function validatePolicy(text: string, of: keyof typeof KINDS): void {
  const { resource, refusal } = KINDS[of];
  try {
    const policy = parsePolicy(text, { kind: "resource", resource, maxLength: MAX_LENGTH });
    if (resource === "implied" && policy.statements.some((statement) => statement.resources)) {
      throw new PolicyProblem("A statement of a repository policy must not contain Resource or NotResource.");
    }
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    const { name, message } = invalidParameter("PolicyText", refusal);
    throw new AwsError(name, `${message} (${error.message})`, { cause: error });
  }
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
