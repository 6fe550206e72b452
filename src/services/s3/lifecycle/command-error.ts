/** The command line was wrong; the message says what to write instead. */
export class LifecycleCommandError extends Error {
  override readonly name = "LifecycleCommandError";
}
