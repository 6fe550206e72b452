/**
 * Gradle 4.4.1, the one that Debian has. It resolves; its publishing plugins find no transport of HTTP in Debian's
 * build ("Cannot access ... using the available connector factories"), whatever the server.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { client, describeWithClients } from "../client.ts";
import { type CommandResult, tryCommand } from "../command.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const MINUTES = 60_000;

describeWithClients("Gradle", ["aws", "javac", "gradle"], () => {
  const started = new Started();
  const folder = temporaryFolder("gradle");
  let server: RunningServer;
  let token: string;

  const codeartifact = async (...args: string[]): Promise<string> =>
    (await server.aws(["codeartifact", ...args, "--domain", "my-organization", "--output", "text"])).trim();
  const gradle = (task: string, password: string): Promise<CommandResult> =>
    tryCommand(client("gradle"), ["--no-daemon", "-q", "-g", join(folder.path, "home"), task], {
      env: { CODEARTIFACT_AUTH_TOKEN: password, JAVA_OPTS: "-Xmx512m" },
      cwd: folder.path,
      timeout: 300,
    });

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    await codeartifact("create-domain");
    await codeartifact("create-repository", "--repository", "my-packages");
    const connection = ["--external-connection", "public:maven-central"];
    await codeartifact("associate-external-connection", "--repository", "my-packages", ...connection);
    const wanted = ["--repository", "my-packages", "--format", "maven", "--query", "repositoryEndpoint"];
    const endpoint = await codeartifact("get-repository-endpoint", ...wanted);
    token = await codeartifact("get-authorization-token", "--query", "authorizationToken");
    writeFileSync(join(folder.path, "settings.gradle"), "rootProject.name = 'app'\n");
    writeFileSync(
      join(folder.path, "build.gradle"),
      `plugins { id 'java' }
repositories {
  maven {
    url '${endpoint}'
    credentials { username 'aws'; password System.env.CODEARTIFACT_AUTH_TOKEN }
  }
}
dependencies { compile 'org.apache.commons:commons-text:[1.10,1.12.0]' }
task show { doLast { configurations.compile.files.each { println it.name } } }
`,
    );
  }, MINUTES);
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test(
    "is told why a token is refused",
    async () => {
      const refused = await gradle("show", "hello");
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain("The authorization token is invalid");
    },
    5 * MINUTES,
  );

  test(
    "resolves a range of versions and what they depend on from the public repository",
    async () => {
      const { stdout, stderr } = await gradle("show", token);
      expect(stderr).not.toContain("FAILURE");
      expect(stdout).toContain("commons-text-1.12.0.jar");
      expect(stdout).toMatch(/commons-lang3-3\.\d+\.\d+\.jar/);
    },
    5 * MINUTES,
  );
});
