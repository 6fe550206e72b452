import * as sdk from "@aws-sdk/client-codeartifact";
import { type ServedClient, serveClient } from "./served-client.ts";

export const OWNER = "123456789012";

/** CodeArtifact for the tests of the `describe` around it, and domains for them to work on. */
export function serveDomains(): {
  readonly owner: ServedClient<sdk.CodeartifactClient>;
  domainWith(domain: string, ...repositories: string[]): Promise<void>;
} {
  const owner = serveClient((options) => new sdk.CodeartifactClient({ ...options }));
  return {
    owner,
    async domainWith(domain, ...repositories) {
      await owner.client.send(new sdk.CreateDomainCommand({ domain }));
      for (const repository of repositories)
        await owner.client.send(new sdk.CreateRepositoryCommand({ domain, repository }));
    },
  };
}

/** Name, status and members of what the SDK throws. */
export async function failure(sent: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = (await sent.then(
    () => ({}),
    (thrown: unknown) => thrown,
  )) as Partial<sdk.CodeartifactServiceException> & Record<string, unknown>;
  const { name, message, $metadata, resourceId, resourceType, reason } = error;
  const status = $metadata?.httpStatusCode;
  return JSON.parse(JSON.stringify({ name, message, status, resourceId, resourceType, reason }));
}
