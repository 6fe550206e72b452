import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { client, describeWithClients } from "../client.ts";
import { tryCommand } from "../command.ts";
import { DockerEngine } from "../docker-engine.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/**
 * AWS's own host names, as literal scripts and documents use them: the server has an address of its own on port 443
 * with `--tls auto`, and stands behind those names as private DNS would place it. The names are in a hosts file that
 * only the clients of this test see (a mount namespace, which needs root); the machine's own is not touched.
 */
const address = "127.83.83.83";
const registry = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com";
const api = "api.ecr.ap-northeast-1.amazonaws.com";
const names = [registry, "210987654321.dkr.ecr.ap-northeast-1.amazonaws.com", api];

describeWithClients("AWS's own names", ["aws", "docker", "dockerd", "unshare", "mount"], () => {
  const started = new Started();
  const folder = temporaryFolder("aws-names");
  let server: RunningServer;
  let engine: DockerEngine;
  let within: readonly string[];
  let trust: Record<string, string>;

  beforeAll(async () => {
    server = await started.add(
      RunningServer.start({ listen: `${address}:443`, args: ["--tls", "auto"] }),
      (running) => running.stop(),
    );
    const hosts = join(folder.path, "hosts");
    writeFileSync(hosts, `${readFileSync("/etc/hosts", "utf8")}\n${address} ${names.join(" ")}\n`);
    const enter = `mount --bind ${hosts} /etc/hosts && exec "$@"`;
    within = [client("unshare"), "--mount", "--propagation=private", "sh", "-c", enter, "sh"];
    const authority = join(server.data, "tls", "ca.pem");
    trust = { SSL_CERT_FILE: authority, AWS_CA_BUNDLE: authority };
    engine = await started.add(DockerEngine.start({ within, env: trust }), (running) => running.stop());
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  /** A line of shell, with nothing that says where the server is but the names. */
  function shell(line: string) {
    const [program = "", ...args] = [...within, "bash", "-euo", "pipefail", "-c", line];
    const path = ["aws", "docker"].map((name) => dirname(client(name)));
    return tryCommand(program, args, {
      cwd: projectRoot,
      env: {
        ...server.awsEnvironment,
        ...engine.environment,
        ...trust,
        AWS_ENDPOINT_URL: undefined,
        AWS_REGION: "ap-northeast-1",
        AWS_DEFAULT_REGION: "ap-northeast-1",
        PATH: [...path, process.env["PATH"] ?? ""].join(delimiter),
      },
    });
  }

  async function succeed(line: string): Promise<string> {
    const result = await shell(line);
    expect(result.code, result.stderr + result.stdout).toBe(0);
    return result.stdout;
  }

  test("aws ecr finds the server without an endpoint, and docker logs in to the account's registry", async () => {
    await succeed("aws ecr create-repository --repository-name my-app --image-tag-mutability IMMUTABLE");
    const login = await succeed(
      `aws ecr get-login-password | docker login --username AWS --password-stdin ${registry}`,
    );
    expect(login).toContain("Login Succeeded");
  });

  test("the repository's address is the one that docker pushes to", async () => {
    const uri = (
      await succeed(
        "aws ecr describe-repositories --repository-names my-app --query 'repositories[0].repositoryUri' --output text",
      )
    ).trim();
    expect(uri).toBe(`${registry}/my-app`);
    await succeed(`docker build --quiet --tag ${uri}:v1.0.0 examples/container-image`);
    expect(await succeed(`docker push ${uri}:v1.0.0`)).toContain("v1.0.0: digest: sha256:");
  });

  test("docker pulls by the literal name of an image in a nested repository", async () => {
    const repository = "ecr-public/amazonlinux/amazonlinux";
    const image = `${registry}/${repository}:2023`;
    await succeed(`aws ecr create-repository --repository-name ${repository}`);
    await succeed(`docker tag ${registry}/my-app:v1.0.0 ${image} && docker push ${image}`);
    await succeed(`docker image rm --force ${image}`);
    expect(
      await succeed(
        "docker pull 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/ecr-public/amazonlinux/amazonlinux:2023",
      ),
    ).toContain("Status: Downloaded newer image");
  });

  test("a request signed for one region is refused at the name of another", async () => {
    const elsewhere = await shell(
      `aws ecr describe-repositories --region us-west-2 --endpoint-url https://${api}`,
    );
    expect(elsewhere.code).not.toBe(0);
    expect(elsewhere.stderr).toContain("Credential should be scoped to a valid region");
  });

  test("one account's login does not open another account's registry", async () => {
    const other = registry.replace("123456789012", "210987654321");
    await shell(`aws ecr get-login-password | docker login --username AWS --password-stdin ${other}`);
    const refused = await shell(
      `docker tag ${registry}/my-app:v1.0.0 ${other}/my-app:v1 && docker push ${other}/my-app:v1`,
    );
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(
      "not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:ap-northeast-1:210987654321:repository/my-app",
    );
  });
});
