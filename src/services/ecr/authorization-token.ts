import type { GetAuthorizationTokenCommandInput } from "@aws-sdk/client-ecr";
import type { AccountId } from "../../aws/names.ts";
import type { Call } from "../../identity/call.ts";
import type { EcrContext } from "./context.ts";
import { registryEndpoint } from "./registry-endpoint.ts";
import { authorizeRegistry } from "./repository-access.ts";

/** A password for `docker login` with the caller's own rights, 12 hours long; the same for every registry asked for. */
export async function getAuthorizationToken(
  ecr: EcrContext,
  call: Call,
  input: GetAuthorizationTokenCommandInput,
) {
  // The token speaks for the caller: whose registry it is shown to is decided there, by that registry's policies.
  await authorizeRegistry(ecr, { ...call, account: call.principal.account }, "ecr:GetAuthorizationToken");
  const { token, expiresAt } = await ecr.identity.issueRegistryToken(call.principal, call.region, call.now);
  const authorizationToken = Buffer.from(`AWS:${token}`).toString("base64");
  const accounts = (input.registryIds as AccountId[] | undefined) ?? [call.account];
  return {
    authorizationData: accounts.map((account) => ({
      authorizationToken,
      expiresAt,
      proxyEndpoint: registryEndpoint(call, account, ecr.domains),
    })),
  };
}
