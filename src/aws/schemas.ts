import { NormalizedSchema } from "@smithy/core/schema";
import type {
  StaticErrorSchema,
  StaticOperationSchema,
  StaticSchemaIdError,
  StaticSchemaIdOperation,
  StaticStructureSchema,
} from "@smithy/types";
import { type StructureShape, structureShape } from "./shape.ts";
import type { Operation } from "./wire.ts";

const OPERATION: StaticSchemaIdOperation = 9;
const ERROR: StaticSchemaIdError = -3;

/** Namespace of the base classes the SDK adds (`ECRServiceException`), which no service throws. */
const SYNTHETIC = "smithy.ts.sdk.synthetic";

/** What an SDK client module tells about its service. */
export interface ServiceSchemas {
  readonly operations: ReadonlyMap<string, OperationPlan>;
  readonly errors: ReadonlyMap<string, ErrorSchema>;
}

/** Every operation and error that an SDK client module exports as a schema (`CreateRepository$`). */
export function readServiceSchemas(module: object): ServiceSchemas {
  const operations = new Map<string, OperationPlan>();
  const errors = new Map<string, ErrorSchema>();
  for (const exported of Object.values(module)) {
    if (!Array.isArray(exported)) continue;
    if (exported[0] === OPERATION) {
      const plan = new OperationPlan(exported as StaticOperationSchema);
      operations.set(plan.name, plan);
    } else if (exported[0] === ERROR) {
      const error = readErrorSchema(exported as StaticErrorSchema);
      if (!error.namespace.startsWith(SYNTHETIC)) errors.set(error.name, error);
    }
  }
  return { operations, errors };
}

/** An operation with what is derived from its schema, each part when it is first needed and then kept. */
export class OperationPlan implements Operation {
  readonly name: string;
  /** Method, path template and success status of REST protocols. */
  readonly http: readonly [method: string, template: string, status: number] | undefined;
  readonly #schema: StaticOperationSchema;
  #input: StructureShape | undefined;
  #output: StructureShape | undefined;

  constructor(schema: StaticOperationSchema) {
    this.#schema = schema;
    this.name = schema[2];
    this.http = typeof schema[3] === "object" ? schema[3].http : undefined;
  }

  get input(): StructureShape {
    this.#input ??= structureShape(NormalizedSchema.of(this.#schema[4]));
    return this.#input;
  }

  get output(): StructureShape {
    this.#output ??= structureShape(this.outputSchema);
    return this.#output;
  }

  /** How many of the input's members, from the first, are required. */
  get requiredMembers(): number {
    const schema = NormalizedSchema.of(this.#schema[4]);
    if (!schema.isStructSchema()) return 0;
    return (schema.getSchema() as unknown as StaticStructureSchema)[6] ?? 0;
  }

  get outputSchema(): NormalizedSchema {
    return NormalizedSchema.of(this.#schema[5]);
  }

  get streamingInput(): string | undefined {
    return this.input.members.find((member) => member.streaming)?.name;
  }

  get streamingOutput(): string | undefined {
    return this.output.members.find((member) => member.streaming)?.name;
  }
}

/** An error as the service's model knows it. */
export interface ErrorSchema {
  readonly name: string;
  /** `com.amazonaws.sqs` */
  readonly namespace: string;
  /** HTTP status the model names; 500 for a fault of the server, else undefined. */
  readonly status: number | undefined;
  /** The code in query protocols where it is not the name: `NoSuchEntity` of `NoSuchEntityException`. */
  readonly queryCode: string | undefined;
  /** `message`, or `Message` where the shape spells it so. */
  readonly messageMember: string;
}

function readErrorSchema(schema: StaticErrorSchema): ErrorSchema {
  const traits: ErrorTraits = typeof schema[3] === "object" ? schema[3] : {};
  const [queryCode, queryStatus] = traits.awsQueryError ?? [];
  return {
    name: schema[2],
    namespace: schema[1],
    status: traits.httpError ?? queryStatus ?? (traits.error === "server" ? 500 : undefined),
    queryCode,
    messageMember: schema[4].includes("Message") ? "Message" : "message",
  };
}

/** Traits in the SDK's schemas of errors; its own type of traits leaves these open. */
interface ErrorTraits {
  readonly error?: string;
  readonly httpError?: number;
  readonly awsQueryError?: readonly [code: string, status: number];
}
