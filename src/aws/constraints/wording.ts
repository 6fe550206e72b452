import { AwsError } from "../errors.ts";
import { s3Wording } from "./s3-wording.ts";
import type { Constraint } from "./table.ts";
import { clipped, lastMember } from "./violation-text.ts";
import { type Path, stepsOf, type Violation } from "./violations.ts";

/** Makes the error a service answers to an input that breaks constraints; at least one violation is given. */
export type Wording = (violations: readonly [Violation, ...Violation[]]) => AwsError;

/**
 * How each service says that a constraint is broken, from error texts quoted in public issues and tests of
 * AWS's users. The usual text is that of AWS's service framework.
 */
export const WORDINGS: Readonly<Record<string, Wording>> = {
  ecr: ecrWording,
  codeartifact: frameworkWording("ValidationException", { members: { reason: "FIELD_VALIDATION_FAILED" } }),
  s3: s3Wording,
  kms: frameworkWording("ValidationException"),
  imagebuilder: imageBuilderWording,
  eventbridge: frameworkWording("ValidationException"),
  sns: frameworkWording("ValidationError"),
  sqs: sqsWording,
  cloudformation: frameworkWording("ValidationError"),
  iam: frameworkWording("ValidationError"),
  sts: frameworkWording("ValidationError"),
  ssm: frameworkWording("ValidationException"),
  lambda: frameworkWording("ValidationException", { itemsNotNull: true }),
  ec2: ec2Wording,
};

/** `2 validation errors detected: Value 'a' at 'name' failed to satisfy constraint: Member must ...; Value ...` */
function frameworkWording(
  name: string,
  options: { readonly members?: Readonly<Record<string, unknown>>; readonly itemsNotNull?: boolean } = {},
): Wording {
  return (violations) => {
    const [plural, count] = violations.length === 1 ? ["error", "1"] : ["errors", String(violations.length)];
    const texts = violations.map((violation) => {
      const at = `at '${dottedPath(violation.path)}'`;
      const value = valueText(violation);
      const demand = frameworkDemand(violation, options.itemsNotNull ?? false);
      return `Value${value} ${at} failed to satisfy constraint: ${demand}`;
    });
    const message = `${count} validation ${plural} detected: ${texts.join("; ")}`;
    return new AwsError(name, message, options.members ? { members: options.members } : {});
  };
}

/** ECR tells of the first only, and has a validator of its own, which says `must` without `Member`, for some names. */
function ecrWording([violation]: readonly [Violation, ...Violation[]]): AwsError {
  const own =
    violation.constraint.shape === "RepositoryName" || violation.constraint.shape === "PutImage.ImageTag";
  const path = own
    ? dottedPath(violation.path).replace(/^repositoryNames$/, "repositoryName")
    : dottedPath(violation.path);
  const demand = own ? ecrDemand(violation) : frameworkDemand(violation, false);
  return new AwsError(
    "InvalidParameterException",
    `Invalid parameter at '${path}' failed to satisfy constraint: '${demand}'`,
  );
}

function ecrDemand({ kind, constraint }: Violation): string {
  if (kind === "pattern") return `must satisfy regular expression '${constraint.pattern?.text ?? ""}'`;
  return demandOf(kind, constraint).replace("Member must", "must");
}

/** Image Builder tells of the first only, with list indices in brackets. */
function imageBuilderWording([violation]: readonly [Violation, ...Violation[]]): AwsError {
  const { constraint, kind, value } = violation;
  const path = bracketPath(violation.path);
  if (kind === "required") {
    return new AwsError(
      "InvalidRequestException",
      `The value supplied for parameter '${path}' is not valid. ${path} must not be null`,
    );
  }
  const unit = Array.isArray(value) && violation.within === "value" ? "items" : "characters";
  const isNumber = typeof value === "number";
  const demands: Readonly<Record<typeof kind, string>> = {
    max: isNumber ? `must be at most ${constraint.max}` : `must contain at most ${constraint.max} ${unit}`,
    min: isNumber ? `must be at least ${constraint.min}` : `must contain at least ${constraint.min} ${unit}`,
    pattern: `must match pattern ${constraint.pattern?.text ?? ""}`,
    enum: `must be one of ${[...(constraint.values ?? [])].join(", ")}`,
  };
  return new AwsError(
    "InvalidParameterValueException",
    `The value supplied for parameter '${path}' is not valid. ${path} ${demands[kind]}`,
  );
}

function sqsWording([violation]: readonly [Violation, ...Violation[]]): AwsError {
  const name = lastMember(violation.path);
  if (violation.kind === "required") {
    return new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);
  }
  return new AwsError(
    "InvalidParameterValue",
    `Value${valueText(violation)} for parameter ${name} is invalid.`,
  );
}

function ec2Wording([violation]: readonly [Violation, ...Violation[]]): AwsError {
  const name = lastMember(violation.path);
  if (violation.kind === "required") {
    return new AwsError("MissingParameter", `The request must contain the parameter ${name}`);
  }
  const { constraint, kind, value } = violation;
  const expected: Partial<Record<typeof kind, string>> = {
    max: ` Expecting a value smaller than or equal to ${constraint.max}.`,
    min: ` Expecting a value greater than or equal to ${constraint.min}.`,
  };
  const parameter = name.charAt(0).toLowerCase() + name.slice(1);
  const given = violation.within === "value" && typeof value !== "object" ? clipped(String(value)) : "";
  return new AwsError(
    "InvalidParameterValue",
    `Value ( ${given} ) for parameter ${parameter} is invalid.${typeof value === "number" ? (expected[kind] ?? "") : ""}`,
  );
}

function frameworkDemand({ kind, constraint, within }: Violation, itemsNotNull: boolean): string {
  if (within === "value") return demandOf(kind, constraint);
  const demands = allDemands(constraint);
  if (within === "item" && itemsNotNull) demands.push("Member must not be null");
  const subject = { item: "Member", key: "Map keys", mapValue: "Map value" }[within];
  return `${subject} must satisfy constraint: [${demands.join(", ")}]`;
}

function allDemands(constraint: Constraint): string[] {
  const kinds: readonly Violation["kind"][] = ["max", "min", "pattern", "enum"];
  return kinds.filter((kind) => demands(constraint, kind)).map((kind) => demandOf(kind, constraint));
}

function demands(constraint: Constraint, kind: Violation["kind"]): boolean {
  if (kind === "max") return constraint.max !== undefined;
  if (kind === "min") return constraint.min !== undefined;
  return kind === "pattern" ? constraint.pattern !== undefined : constraint.values !== undefined;
}

function demandOf(kind: Violation["kind"], constraint: Constraint): string {
  const measure = constraint.number ? "value" : "length";
  switch (kind) {
    case "required":
      return "Member must not be null";
    case "max":
      return `Member must have ${measure} less than or equal to ${constraint.max}`;
    case "min":
      return `Member must have ${measure} greater than or equal to ${constraint.min}`;
    case "pattern":
      return `Member must satisfy regular expression pattern: ${constraint.pattern?.text ?? ""}`;
    case "enum":
      return `Member must satisfy enum value set: [${[...(constraint.values ?? [])].join(", ")}]`;
  }
}

/** `tags.1.member.key`: first letters small, list elements counted from 1. */
function dottedPath(path: Path): string {
  const steps = stepsOf(path).map((step) => {
    if ("member" in step) return step.member.charAt(0).toLowerCase() + step.member.slice(1);
    return "index" in step ? `${step.index + 1}.member` : `${step.key}.member`;
  });
  return steps.join(".");
}

/** `components[0].parameters` */
function bracketPath(path: Path): string {
  let text = "";
  for (const step of stepsOf(path)) {
    if ("member" in step) text += text === "" ? step.member : `.${step.member}`;
    else text += "index" in step ? `[${step.index}]` : `.${step.key}`;
  }
  return text;
}

/** ` 'a'`, ` null`, or nothing for what should not be repeated; lists and maps as Java prints them. */
function valueText({ value, constraint, kind }: Violation): string {
  if (kind === "required") return " null";
  if (constraint.sensitive) return "";
  if (Array.isArray(value)) return ` '${clipped(`[${value.map(String).join(", ")}]`)}'`;
  if (value instanceof Uint8Array) {
    return ` 'java.nio.HeapByteBuffer[pos=0 lim=${value.byteLength} cap=${value.byteLength}]'`;
  }
  if (typeof value === "object" && value !== null) {
    return ` '${clipped(
      `{${Object.entries(value)
        .map(([key, item]) => `${key}=${String(item)}`)
        .join(", ")}}`,
    )}'`;
  }
  return ` '${clipped(String(value))}'`;
}
