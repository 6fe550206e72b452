import type { ConstraintTable, ShapeConstraints } from "./table.ts";

/** Where AWS itself demands something else than its published model says. */
interface Overrides {
  /** Replaces what a shape demands; an undefined value takes a demand away. */
  readonly shapes?: Readonly<Record<string, ShapeConstraints>>;
  /** Gives a member (`Structure.member`) a shape of its own. */
  readonly members?: Readonly<Record<string, string>>;
}

const OVERRIDES: Readonly<Record<string, Overrides>> = {
  ecr: {
    shapes: {
      // The model's, without its needless backslash before the slash, as ECR's message has it.
      RepositoryName: { pattern: "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*" },
      // The order in which ECR's own message lists them.
      ImageTagMutability: {
        enum: ["IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"],
      },
      // PutImage refuses a tag that is none; other operations report it per image, as failure InvalidImageTag.
      "PutImage.ImageTag": { min: 1, max: 300, pattern: "[a-zA-Z0-9-_.]+" },
    },
    members: { "PutImageRequest.imageTag": "PutImage.ImageTag" },
  },
  s3: {
    shapes: {
      // Regions are logical here, and S3 has an error of its own for what is none: InvalidLocationConstraint.
      BucketLocationConstraint: { enum: undefined },
    },
  },
};

/** The table with the overrides of its service applied. */
export function overridden(key: string, table: ConstraintTable): ConstraintTable {
  const { shapes = {}, members = {} } = OVERRIDES[key] ?? {};
  const changed: Record<string, ShapeConstraints> = { ...table.shapes };
  for (const [name, demands] of Object.entries(shapes)) changed[name] = { ...changed[name], ...demands };
  for (const [path, target] of Object.entries(members)) {
    const [structure = "", member = ""] = path.split(".");
    const source = changed[structure];
    if (!source) throw new Error(`There is no structure ${structure} to override ${member} of`);
    changed[structure] = { ...source, members: { ...source.members, [member]: target } };
  }
  return { ...table, shapes: changed };
}
