/**
 * An error of an AWS API. `name` is the code clients switch on (`RepositoryNotFoundException`), `message` the
 * text they print. Services make theirs in their own errors.ts; a door writes it in its protocol's document.
 */
export class AwsError extends Error {
  override readonly name: string;
  /** HTTP status. */
  readonly status: number;
  /** Further members of the error's shape (`lastValidByteReceived`). */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    name: string,
    message: string,
    options: { status?: number; members?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = name;
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
  }
}
