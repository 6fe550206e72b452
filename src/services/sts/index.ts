/**
 * AWS Security Token Service. GetCallerIdentity needs no permission (STS API reference). Sessions (AssumeRole,
 * GetSessionToken, ...) come with roles; until then they are refused as not implemented.
 */
import type * as Sts from "@aws-sdk/client-sts";
import type { AwsService, OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";

const operations: OperationTable<typeof Sts, Call> = {
  GetCallerIdentity: async ({ principal }) => ({
    UserId: principal.userId,
    Account: principal.account,
    Arn: principal.arn,
  }),
};

export const sts: AwsService<Call> = { model: "sts", operations };
