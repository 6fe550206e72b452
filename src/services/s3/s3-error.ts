import { AwsError } from "../../aws/errors.ts";

/** An error of S3 whose answer carries headers beside its document: ETag of a 304, Content-Range of a 416, x-amz-delete-marker. */
export class S3Error extends AwsError {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    name: string,
    message: string,
    options: {
      readonly status: number;
      readonly members?: Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) {
    super(name, message, options);
    this.headers = options.headers ?? {};
  }
}
