/** Two repositories of one domain, `app` above `team`, as the tests of package versions write to them and look. */
import { afterEach, beforeEach, expect } from "bun:test";
import { Readable } from "node:stream";
import { genericFormat } from "../../src/formats/generic/index.ts";
import type { CodeArtifactContext } from "../../src/services/codeartifact/context.ts";
import type { Publication } from "../../src/services/codeartifact/engine.ts";
import type { VersionDescription } from "../../src/services/codeartifact/format.ts";
import { Formats } from "../../src/services/codeartifact/formats.ts";
import {
  packageName,
  type TestDomain,
  testDomain,
} from "../../src/services/codeartifact/testing/test-domain.ts";
import { createVersionOperations } from "../../src/services/codeartifact/versions/operations.ts";
import { createWriting } from "../../src/services/codeartifact/versions/writing.ts";
import type { TestDatabases } from "./databases.ts";

export function described(summary: string): VersionDescription {
  return { metadata: { summary }, summary, licenses: ["MIT"], dependencies: [] };
}

/** Opens them anew for each test. */
export function packageRepositories(databases: TestDatabases) {
  let domain: TestDomain;
  let context: CodeArtifactContext;
  beforeEach(async () => {
    domain = await testDomain(databases.kind === "sqlite" ? undefined : await databases.fresh());
    context = {
      ...domain.context,
      formats: new Formats([...domain.context.formats.values(), genericFormat]),
    };
    await domain.repository("team");
    await domain.repository("app: team");
  });
  afterEach(() => domain[Symbol.asyncDispose]());

  async function publish(
    version: string,
    content: string,
    change: Partial<Publication> & { to?: string } = {},
  ) {
    const { to = "app", ...changes } = change;
    return createWriting(context).publish(domain.call(), await domain.open(to), {
      format: "npm",
      name: packageName("thing"),
      version,
      asset: `thing-${version}.tgz`,
      body: Readable.from([Buffer.from(content)]),
      describe: async () => described(content),
      status: "Published",
      ...changes,
    });
  }
  const operations = () => createVersionOperations(context, domain.reading);
  const thing = (repository = "app") =>
    ({ domain: "things", repository, format: "npm", package: "thing" }) as const;
  const versionsOf = async (repository = "app") =>
    (await operations().ListPackageVersions(domain.call(), thing(repository))).versions.map(
      ({ version, status }) => `${version} ${status}`,
    );

  return {
    ...{ publish, operations, thing, versionsOf },
    get domain() {
      return domain;
    },
    get context() {
      return context;
    },
  };
}

export const refused = (name: string) => expect.objectContaining({ name });
export const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
