import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateRepositoryCommand, ECRClient } from "@aws-sdk/client-ecr";
import { runCommand } from "../test/command.ts";
import { RunningServer } from "../test/running-server.ts";

// Every test starts processes; on a busy machine each takes its time.
setDefaultTimeout(60_000);

const main = join(import.meta.dirname, "main.ts");
const folder = mkdtempSync(join(tmpdir(), "shosoin-main-"));
const servers: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function shosoin(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...environment },
    });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output, errors }));
  });
}

async function start(options: Parameters<typeof RunningServer.start>[0] = {}): Promise<RunningServer> {
  const server = await RunningServer.start(options);
  servers.push(server);
  return server;
}

describe("the command line teaches", () => {
  test("help lists the commands", async () => {
    const { code, output } = await shosoin(["help"]);
    expect(code).toBe(0);
    for (const command of ["serve", "env", "account create ID", "account list", "version"]) {
      expect(output).toContain(command);
    }
    expect((await shosoin(["--help"])).output).toBe(output);
  });

  test("a command's --help shows its flags", async () => {
    const { code, output } = await shosoin(["account", "--help"]);
    expect(code).toBe(0);
    expect(output).toContain("shosoin account create ID");
    expect(output).toContain("--data DIR");
    expect((await shosoin(["help", "account"])).output).toBe(output);
  });

  test.each([
    [["sreve"], 'There is no command "sreve". "shosoin help" lists them.'],
    [["serve", "--lisen", "x"], 'serve has no flag --lisen. "shosoin serve --help" lists the flags.'],
    [["serve", "now"], 'serve takes no "now"'],
    [["env"], "No server is ready on"],
    [["account", "create", "42"], "12 digits"],
  ] as const)("%j is refused in a sentence", async (args, says) => {
    const { code, output, errors } = await shosoin(args);
    expect(code).toBe(2);
    expect(output).toBe("");
    expect(errors).toStartWith("shosoin: ");
    expect(errors).toContain(says);
    expect(errors.trim().split("\n")).toHaveLength(1);
  });
});

describe("serve", () => {
  test("prints its real address once it accepts requests, and logs elsewhere", async () => {
    const server = await start();
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await (await fetch(`${server.url}/-/healthz`)).text()).toBe("ok\n");
    const ready = await fetch(`${server.url}/-/readyz`);
    expect(await ready.json()).toEqual({ status: "ready", parts: { database: "ok", blobs: "ok" } });
    expect(await (await fetch(`${server.url}/-/metrics`)).text()).toContain("shosoin_storage");
    expect((await fetch(`${server.url}/-/else`)).status).toBe(404);
    expect((await fetch(`${server.url}/-/healthz`, { method: "POST" })).status).toBe(405);
  });

  test("what it keeps can be read by its user only, whatever the folder's own mode", async () => {
    const data = mkdtempSync(join(folder, "open-"));
    chmodSync(data, 0o755);
    const server = await start({ data });
    const kept = readdirSync(data).filter((name) => (statSync(join(data, name)).mode & 0o077) !== 0);
    expect(kept).toEqual([]);
    await server.kill("SIGTERM");
  });

  test("SIGTERM ends it with 0 and takes its address away", async () => {
    const server = await start();
    const file = join(server.data, "server.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ url: server.url, pid: server.pid });
    expect(await server.kill("SIGTERM")).toBe(0);
    expect(() => statSync(file)).toThrow();
  });

  test("a second server on the same folder says so, naming process and folder, and exits", async () => {
    const server = await start();
    const { code, output, errors } = await shosoin([
      "serve",
      "--data",
      server.data,
      "--listen",
      "127.0.0.1:0",
    ]);
    expect(code).toBe(2);
    expect(output).toBe("");
    expect(errors).toContain(`(process ${server.pid})`);
    expect(errors).toContain(server.data);
    expect((await fetch(`${server.url}/-/healthz`)).status).toBe(200);
  });

  test("kill -9 leaves nothing that hinders the next start", async () => {
    const server = await start();
    await server.kill("SIGKILL");
    await server.restart();
    expect((await fetch(`${server.url}/-/readyz`)).status).toBe(200);
  });

  test("an address that is taken is named", async () => {
    const server = await start();
    const { code, errors } = await shosoin([
      "serve",
      "--data",
      join(folder, "taken"),
      "--listen",
      `127.0.0.1:${server.port}`,
    ]);
    expect(code).toBe(2);
    expect(errors).toBe(
      `shosoin: Another program listens on 127.0.0.1:${server.port}. Stop it, or name another address with --listen.
`,
    );
  });

  test("short days are warned of", async () => {
    const server = await start({ env: { SHOSOIN_DAY_SECONDS: "2" } });
    await server.kill("SIGTERM");
    expect(server.log).toContain("SHOSOIN_DAY_SECONDS is set");
  });

  test("--tls auto serves what ca.pem verifies, and plain HTTP beside it where asked", async () => {
    const server = await start({ args: ["--tls", "auto", "--listen-plain", "127.0.0.1:0"] });
    const caFile = join(server.data, "tls", "ca.pem");
    expect(JSON.parse(readFileSync(join(server.data, "server.json"), "utf8")).caFile).toBe(caFile);
    const ca = readFileSync(caFile, "utf8");
    const answer = await fetch(`${server.url}/-/healthz`, { tls: { ca } });
    expect(answer.status).toBe(200);
    const { output } = await shosoin(["env", "--data", server.data], {
      SHOSOIN_ROOT_ACCESS_KEY_ID: server.rootKey.accessKeyId,
      SHOSOIN_ROOT_SECRET_ACCESS_KEY: server.rootKey.secretAccessKey,
    });
    expect(output).toContain(`export AWS_ENDPOINT_URL='${server.url}'`);
    expect(output).toContain(`export AWS_ACCESS_KEY_ID='${server.rootKey.accessKeyId}'`);
    expect(output).toContain(`export AWS_CA_BUNDLE='${caFile}'`);
  });
});

test.each([
  "account list",
  "account create 111122223333",
  "lifecycle preview s3://b",
  "root-key change --new-root-key-file new.key",
])("%s does not make a data folder where somebody mistyped one", async (words) => {
  const nowhere = join(folder, "mistyped");
  const { code, errors } = await shosoin([...words.split(" "), "--data", nowhere]);
  expect([code, errors]).toEqual([
    2,
    `shosoin: There is no server's data in ${nowhere}. Name its --data, or --database.\n`,
  ]);
  expect(existsSync(nowhere)).toBe(false);
});

test("an account made beside the running server can be listed", async () => {
  const server = await start();
  const made = await shosoin(["account", "create", "111122223333", "--data", server.data]);
  expect(made.code).toBe(0);
  expect(made.output).toContain("111122223333");
  const again = await shosoin(["account", "create", "111122223333", "--data", server.data]);
  expect(again.code).toBe(2);
  expect(again.errors).toContain("exists already");
  const { output } = await shosoin(["account", "list", "--data", server.data]);
  expect(output).toContain("111122223333");
  expect(output).toContain("123456789012");
});

test("the single executable serves by itself, with TLS and every lazily loaded part", async () => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8"));
  const program = join(folder, "shosoin");
  const [, ...args] = String(scripts.compile).replace("dist/shosoin", program).split(" ");
  await runCommand(process.execPath, args, { cwd: join(import.meta.dirname, "..") });
  const server = await start({ command: [program], args: ["--tls", "auto"] });
  const { output } = await shosoin(["env", "--data", server.data], {
    SHOSOIN_ROOT_ACCESS_KEY_ID: server.rootKey.accessKeyId,
    SHOSOIN_ROOT_SECRET_ACCESS_KEY: server.rootKey.secretAccessKey,
  });
  expect(output).toContain("AWS_CA_BUNDLE");
  const settings = {
    endpoint: server.url,
    region: "us-east-1",
    credentials: server.rootKey,
    requestHandler: { httpsAgent: { ca: readFileSync(join(server.data, "tls", "ca.pem")) } },
  };
  const ecr = new ECRClient(settings);
  const created = await ecr.send(new CreateRepositoryCommand({ repositoryName: "from-one-file" }));
  expect(created.repository?.repositoryName).toBe("from-one-file");
  const refused = ecr.send(new CreateRepositoryCommand({ repositoryName: "NOT A NAME" }));
  await expect(refused).rejects.toThrow("Invalid parameter at 'repositoryName'");
});
