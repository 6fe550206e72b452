import type { RunningServer } from "../running-server.ts";

export const DOMAIN = "my-organization";
export const MY_PACKAGES = ["--domain", DOMAIN, "--repository", "my-packages"] as const;

/** The article's two repositories: `my-packages` above `<store>`, which is connected to the public registry. */
export async function makeRepositories(
  server: RunningServer,
  store: string,
  connection: string,
): Promise<void> {
  const codeartifact = (...args: string[]) => server.aws(["codeartifact", ...args]);
  await codeartifact("create-domain", "--domain", DOMAIN);
  await codeartifact("create-repository", "--domain", DOMAIN, "--repository", store);
  await codeartifact(
    ...["associate-external-connection", "--domain", DOMAIN, "--repository", store],
    ...["--external-connection", connection],
  );
  await codeartifact("create-repository", ...MY_PACKAGES, "--upstreams", `repositoryName=${store}`);
}

/** `my-packages` above `store` and `python-store`: of both public upstreams. */
export async function makeRepositoriesOfBoth(server: RunningServer): Promise<void> {
  await makeRepositories(server, "store", "public:npmjs");
  const python = ["--domain", DOMAIN, "--repository", "python-store"];
  const codeartifact = (...args: string[]) => server.aws(["codeartifact", ...args]);
  await codeartifact("create-repository", ...python);
  await codeartifact("associate-external-connection", ...python, "--external-connection", "public:pypi");
  const upstreams = ["repositoryName=store", "repositoryName=python-store"];
  await codeartifact("update-repository", ...MY_PACKAGES, "--upstreams", ...upstreams);
}

export async function endpointOf(server: RunningServer, format: string): Promise<string> {
  const args = ["get-repository-endpoint", ...MY_PACKAGES, "--format", format];
  return (
    await server.aws(["codeartifact", ...args, "--query", "repositoryEndpoint", "--output", "text"])
  ).trim();
}

export async function tokenOf(server: RunningServer): Promise<string> {
  const args = ["get-authorization-token", "--domain", DOMAIN, "--query", "authorizationToken"];
  return (await server.aws(["codeartifact", ...args, "--output", "text"])).trim();
}
