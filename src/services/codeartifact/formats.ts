import { validation } from "./errors.ts";
import type { FormatName, PackageFormat } from "./format.ts";

/** The package formats of this server, by name. A format that compose.ts does not register is refused by name. */
export class Formats extends Map<FormatName, PackageFormat> {
  constructor(formats: readonly PackageFormat[]) {
    super(formats.map((format) => [format.name, format]));
  }

  /** Throws ValidationException. */
  override get(name: FormatName): PackageFormat {
    const format = super.get(name);
    if (format === undefined)
      throw validation(`This server does not offer packages of the format '${name}'.`);
    return format;
  }

  /** What the API calls a format; throws ValidationException for those that AWS has and this server has not. */
  parse(text: string | undefined): FormatName {
    return this.get(text as FormatName).name;
  }
}
