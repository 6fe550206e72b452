/**
 * The types by which a service plugs into the AWS wire. A service names its SDK client module as a type and
 * writes a table from operation name to handler; inputs and outputs are the SDK's own types.
 */

/** `CreateRepository`, ... : what the SDK client exports as `CreateRepositoryCommand`. */
export type OperationTable<Module, Context> = {
  readonly [Key in keyof Module as Key extends `${infer Name}Command`
    ? Name
    : never]?: Module[Key] extends new (
    input: never,
  ) => {
    readonly input: infer Input;
    resolveMiddleware(...stack: never[]): (args: never) => Promise<{ output: infer Output }>;
  }
    ? (call: Context, input: Input) => Promise<Omit<Output, "$metadata">>
    : never;
};

/** A handler as the wire calls it: the types were checked where the table was written. */
export type OperationHandler<Context> = (call: Context, input: never) => Promise<object>;

/** One AWS service of this server: its model comes from the SDK, what it can do from `operations`. */
export interface AwsService<Context> {
  /** The key of the service's model in models.ts: `ecr`, `sts`. */
  readonly model: string;
  readonly operations: Readonly<Record<string, OperationHandler<Context> | undefined>>;
}
