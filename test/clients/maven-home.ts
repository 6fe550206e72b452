import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { client } from "../client.ts";
import { type CommandResult, runCommand, tryCommand } from "../command.ts";
import type { RunningServer } from "../running-server.ts";

/** Projects and a local repository of their own for one Maven, with settings.xml as CodeArtifact's users write it. */
export class MavenHome {
  readonly path: string;
  readonly #program: string;
  readonly #server: RunningServer;
  readonly #endpoint: string;

  constructor(path: string, program: string, server: RunningServer, endpoint: string) {
    this.path = path;
    this.#program = program;
    this.#server = server;
    this.#endpoint = endpoint;
    // The mirror is what makes every plugin come through the server too; the rest is as documented.
    this.write(
      "settings.xml",
      `<settings>
  <localRepository>${join(path, "repository")}</localRepository>
  <mirrors>
    <mirror><id>codeartifact</id><url>${endpoint}</url><mirrorOf>*</mirrorOf></mirror>
  </mirrors>
  <profiles>
    <profile>
      <id>codeartifact</id>
      <repositories>
        <repository><id>codeartifact</id><url>${endpoint}</url></repository>
      </repositories>
    </profile>
  </profiles>
  <servers>
    <server>
      <id>codeartifact</id>
      <username>aws</username>
      <password>\${env.CODEARTIFACT_AUTH_TOKEN}</password>
    </server>
  </servers>
  <activeProfiles>
    <activeProfile>codeartifact</activeProfile>
  </activeProfiles>
</settings>`,
    );
  }

  /** What `aws codeartifact get-authorization-token` gives, for the variable that settings.xml names. */
  async token(): Promise<string> {
    const args = ["--domain", "my-organization", "--query", "authorizationToken", "--output", "text"];
    return (await this.#server.aws(["codeartifact", "get-authorization-token", ...args])).trim();
  }

  /** A project that says hello, with these dependencies (`group:artifact:version`). */
  project(name: string, version: string, dependencies: readonly string[], code: string): void {
    const listed = dependencies.map((dependency) => {
      const [group, artifact, wanted] = dependency.split(":");
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${wanted}</version></dependency>`;
    });
    this.write(
      `${name}/pom.xml`,
      `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId><artifactId>${name}</artifactId><version>${version}</version>
  <name>The ${name}</name>
  <licenses><license><name>Apache-2.0</name></license></licenses>
  <properties>
    <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>${listed.join("")}</dependencies>
  <build><plugins><plugin>
    <artifactId>maven-source-plugin</artifactId><version>3.3.1</version>
    <executions><execution><goals><goal>jar-no-fork</goal></goals></execution></executions>
  </plugin></plugins></build>
  <distributionManagement>
    <repository><id>codeartifact</id><url>${this.#endpoint}</url></repository>
  </distributionManagement>
</project>`,
    );
    this.write(`${name}/src/main/java/${className(name)}.java`, code);
  }

  run(project: string, args: readonly string[], token: string): Promise<string> {
    return runCommand(client(this.#program), this.#args(args), this.#options(project, token));
  }

  try(project: string, args: readonly string[], token: string): Promise<CommandResult> {
    return tryCommand(client(this.#program), this.#args(args), this.#options(project, token));
  }

  write(file: string, text: string): void {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  #args(args: readonly string[]): readonly string[] {
    return ["-B", "-s", join(this.path, "settings.xml"), ...args];
  }

  #options(project: string, token: string) {
    const env = { CODEARTIFACT_AUTH_TOKEN: token, MAVEN_OPTS: "-Xmx512m", MAVEN_ARGS: undefined };
    return { env, cwd: join(this.path, project), timeout: 400 };
  }
}

export function className(project: string): string {
  return `${project.charAt(0).toUpperCase()}${project.slice(1)}`;
}
