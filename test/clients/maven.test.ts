/** Maven 3.8 and 3.9 as the documentation sets them up, with everything they need from the public repository through Shosoin. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { expiredPackageToken } from "./expired-package-token.ts";
import { MavenHome } from "./maven-home.ts";

const MINUTES = 60_000;
const HELLO = (text: string) =>
  `public class Lib { public static String hello() { return org.apache.commons.lang3.StringUtils.capitalize("${text}"); } }`;

for (const program of ["mvn", "mvn-3.9"]) {
  describeWithClients(`Maven (${program})`, ["aws", "javac", program], () => {
    const started = new Started();
    const folder = temporaryFolder("maven");
    let server: RunningServer;
    let home: MavenHome;
    let token: string;

    const codeartifact = async (...args: string[]): Promise<unknown> =>
      JSON.parse(
        await server.aws(["codeartifact", ...args, "--domain", "my-organization", "--output", "json"]),
      );
    const versions = async (name: string) => {
      const named = ["--namespace", "com.example", "--package", name, "--format", "maven"];
      return codeartifact(
        ...["list-package-versions", "--repository", "my-packages", ...named],
        ...["--query", "versions[].[version,status]"],
      );
    };
    const forget = () => rmSync(join(home.path, "repository", "com"), { recursive: true, force: true });

    beforeAll(async () => {
      server = await started.add(RunningServer.start(), (running) => running.stop());
      await codeartifact("create-domain");
      await codeartifact("create-repository", "--repository", "maven-central-store");
      const connection = ["--external-connection", "public:maven-central"];
      await codeartifact(
        "associate-external-connection",
        "--repository",
        "maven-central-store",
        ...connection,
      );
      const upstreams = ["--upstreams", "repositoryName=maven-central-store"];
      await codeartifact("create-repository", "--repository", "my-packages", ...upstreams);
      const endpoint = ["--repository", "my-packages", "--format", "maven", "--query", "repositoryEndpoint"];
      const url = await codeartifact("get-repository-endpoint", ...endpoint);
      home = new MavenHome(folder.path, program, server, String(url));
      token = await home.token();
    }, MINUTES);
    afterAll(async () => {
      await started.end();
      folder.remove();
    });

    test(
      "builds a project with dependencies from the public repository and deploys it",
      async () => {
        home.project("lib", "1.0", ["org.apache.commons:commons-lang3:[3.12.0,3.14.0]"], HELLO("one"));
        const output = await home.run("lib", ["deploy"], token);
        expect(output).toContain("BUILD SUCCESS");
        expect(output).not.toMatch(/checksum validation failed|Could not validate integrity/i);
        expect(await versions("lib")).toEqual([["1.0", "Published"]]);
        const named = ["--namespace", "com.example", "--package", "lib", "--format", "maven"];
        const at = ["--repository", "my-packages", "--package-version", "1.0", ...named];
        expect(await codeartifact("list-package-version-assets", ...at, "--query", "assets[].name")).toEqual([
          "lib-1.0-sources.jar",
          "lib-1.0.jar",
          "lib-1.0.pom",
        ]);
        expect(await codeartifact("describe-package-version", ...at)).toMatchObject({
          packageVersion: { displayName: "The lib", licenses: [{ name: "Apache-2.0" }] },
        });
        expect(
          await codeartifact("list-package-version-dependencies", ...at, "--query", "dependencies"),
        ).toEqual([
          {
            namespace: "org.apache.commons",
            package: "commons-lang3",
            dependencyType: "compile",
            versionRequirement: "[3.12.0,3.14.0]",
          },
        ]);
      },
      8 * MINUTES,
    );

    test(
      "builds another project with what was deployed",
      async () => {
        forget();
        home.project(
          "app",
          "1.0",
          ["com.example:lib:[1,2)"],
          "public class App { String text = Lib.hello(); }",
        );
        await home.run("app", ["compile"], token);
        expect(existsSync(join(home.path, "app", "target", "classes", "App.class"))).toBe(true);
      },
      4 * MINUTES,
    );

    test(
      "is told that a release is there already with other content",
      async () => {
        home.project("lib", "1.0", ["org.apache.commons:commons-lang3:3.14.0"], HELLO("two"));
        const refused = await home.try("lib", ["deploy"], token);
        expect(refused.code).not.toBe(0);
        expect(refused.stdout).toContain("already exists with different content");
        expect(await versions("lib")).toEqual([["1.0", "Published"]]);
      },
      4 * MINUTES,
    );

    test(
      "deploys a snapshot again and again, and others get the newest",
      async () => {
        for (const text of ["one", "two"]) {
          home.project("lib", "2.0-SNAPSHOT", ["org.apache.commons:commons-lang3:3.14.0"], HELLO(text));
          await home.run("lib", ["deploy"], token);
        }
        const listed = (await versions("lib")) as [string, string][];
        expect(listed).toContainEqual(["2.0-SNAPSHOT", "Published"]);
        expect(listed.filter(([, status]) => status === "Unlisted")).toEqual([
          [expect.stringMatching(/^2\.0-\d{8}\.\d{6}-1$/), "Unlisted"],
        ]);
        forget();
        home.project(
          "app",
          "1.0",
          ["com.example:lib:2.0-SNAPSHOT"],
          "public class App { String text = Lib.hello(); }",
        );
        await home.run("app", ["compile"], token);
        const got = join(home.path, "repository", "com", "example", "lib", "2.0-SNAPSHOT");
        expect(existsSync(join(got, "maven-metadata-codeartifact.xml"))).toBe(true);
      },
      8 * MINUTES,
    );

    test(
      "prints why a token is refused",
      async () => {
        const expired = await expiredPackageToken(server, "my-organization");
        for (const [wrong, reason] of [
          [expired, "Your authorization token has expired"],
          ["hello", "The authorization token is invalid"],
        ] as const) {
          forget();
          const refused = await home.try("app", ["compile"], wrong);
          expect(refused.code).not.toBe(0);
          expect(refused.stdout).toContain(reason);
        }
      },
      4 * MINUTES,
    );
  });
}
