import { overridden } from "./overrides.ts";
import { type ConstraintTable, constraintsByOperation } from "./table.ts";
import { findViolations } from "./violations.ts";
import { WORDINGS } from "./wording.ts";

/** Throws the service's own AwsError when a parsed input breaks a constraint of its model. */
export type Validator = (operation: string, input: object) => void;

/** `key` is the service's in models.ts, `table` what scripts/generate-constraints wrote for it. */
export function createValidator(key: string, table: ConstraintTable): Validator {
  const wording = WORDINGS[key];
  if (!wording) throw new Error(`The wording of broken constraints in ${key} is not known`);
  const constraintsOf = constraintsByOperation(overridden(key, table));
  return (operation, input) => {
    const constraint = constraintsOf(operation);
    if (!constraint) return;
    const violations = findViolations(constraint, input);
    if (violations.length === 0) return;
    const [first, ...more] = violations;
    if (first) throw wording([first, ...more]);
  };
}
