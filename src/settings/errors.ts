/** A setting that cannot be used; the message says which, why, and what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
