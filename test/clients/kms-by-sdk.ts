import * as sdk from "@aws-sdk/client-kms";
import { type ServedClient, serveClient } from "./served-client.ts";

export const ACCOUNT = "123456789012";
export const PLAINTEXT = Buffer.from("the password of the database");
export const CONTEXT = { purpose: "test", stage: "all" };

// biome-ignore lint/suspicious/noExplicitAny: outputs of forty operations, each member of which a test looks at.
export type Output = Record<string, any>;
export type Run = (operation: string, input?: object) => Promise<Output>;

/** KMS for the tests of a file, and its operations by name. */
export function serveKms(): { readonly kms: ServedClient<sdk.KMSClient>; readonly bySdk: Run } {
  const kms = serveClient((options) => new sdk.KMSClient({ ...options }));
  const bySdk: Run = async (operation, input = {}) => {
    const Command = Reflect.get(sdk, `${operation}Command`);
    return kms.client.send(new Command(input));
  };
  return { kms, bySdk };
}

export async function refusalOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it was not refused");
}
