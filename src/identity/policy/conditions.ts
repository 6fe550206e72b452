/**
 * From an operator, a key and values of a Condition block to a test of the request (IAM User Guide, "Condition
 * operators", "Set operators for multivalued context keys"). A key that the request lacks fails a positive
 * operator and passes a negated one, `...IfExists` and `ForAllValues:`.
 */
import { OPERATORS, type Operator, type ValueTest } from "./condition-operators.ts";
import type { RequestContext } from "./context.ts";
import { type Condition, PolicyProblem, type PolicyVersion } from "./policy.ts";

type Quantifier = "ForAllValues" | "ForAnyValue" | undefined;

/** Throws PolicyProblem for an operator that does not exist or a value that it cannot compare with. */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  version: PolicyVersion,
): Condition {
  const lowerKey = key.toLowerCase();
  const valuesOf = (context: RequestContext) => context.get(lowerKey) ?? [];
  const match = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(operator);
  const [, quantifier, name = "", ifExists] = match ?? [];
  if (name === "Null" && ifExists === undefined) {
    const holds = compileNull(values);
    return { operator, key, holds: (context) => holds(valuesOf(context).length === 0) };
  }
  const definition = OPERATORS.get(name);
  if (!definition) throw new PolicyProblem(`Invalid Condition type : ${operator.slice(0, 64)}`);
  const tests = values.map((value) => definition.compile(value, version));
  const holds = quantify(quantifier as Quantifier, definition, ifExists !== undefined);
  return {
    operator,
    key,
    holds: (context) => holds(valuesOf(context), (value) => fits(definition, tests, value, context)),
  };
}

/** Values of one key are alternatives; a negated operator rejects them all. */
function fits(
  operator: Operator,
  tests: readonly ValueTest[],
  value: string,
  context: RequestContext,
): boolean {
  return operator.negated
    ? tests.every((test) => test(value, context) === false)
    : tests.some((test) => test(value, context) === true);
}

type Holds = (values: readonly string[], fit: (value: string) => boolean) => boolean;

function quantify(quantifier: Quantifier, operator: Operator, ifExists: boolean): Holds {
  switch (quantifier) {
    case "ForAllValues":
      return (values, fit) => values.every(fit);
    case "ForAnyValue":
      return (values, fit) => (values.length === 0 ? ifExists : values.some(fit));
    case undefined:
      return (values, fit) => {
        if (values.length === 0) return ifExists || operator.negated;
        return operator.negated ? values.every(fit) : values.some(fit);
      };
  }
}

/** `{"Null": {"key": "true"}}`: the key must be absent. */
function compileNull(values: readonly string[]): (absent: boolean) => boolean {
  const wanted: readonly string[] = values.map((value) => value.toLowerCase());
  if (!wanted.every((value) => /^(true|false)$/.test(value))) {
    throw new PolicyProblem("The Null condition takes true or false.");
  }
  return (absent) => wanted.includes(String(absent));
}
