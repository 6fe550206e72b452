import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { Started } from "../started.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { expiredPackageToken } from "./expired-package-token.ts";
import { PythonHome } from "./python-home.ts";

setDefaultTimeout(300_000);

/** pip, twine, uv and poetry against the server and, through its external connection, the real public index. */
describeWithClients("clients of Python packages", ["aws", "pip", "twine", "uv", "poetry"], () => {
  const started = new Started();
  const folder = temporaryFolder("pypi");
  let server: RunningServer;
  let home: PythonHome;
  let endpoint: string;
  let token: string;

  const codeartifact = (...args: string[]) => server.aws(["codeartifact", ...args, "--output", "text"]);
  const LOGIN = ["--domain", "my-organization", "--repository", "my-packages"];
  const index = (password = token) => endpoint.replace("://", `://aws:${password}@`).concat("simple/");
  const project = (name: string, version: string, text: string): void => {
    home.write(
      `${name}/pyproject.toml`,
      `[project]\nname = "${name}"\nversion = "${version}"\ndescription = "An example"\nrequires-python = ">=3.8"\ndependencies = ["idna"]\n` +
        `[build-system]\nrequires = ["uv_build>=0.13,<0.14"]\nbuild-backend = "uv_build"\n`,
    );
    home.write(`${name}/src/${name.toLowerCase().replace(/[-.]/g, "_")}/__init__.py`, text);
  };
  const build = async (name: string): Promise<string[]> => {
    const dist = join(home.path, name, `dist-${Date.now()}`);
    await home.run("uv", ["build", name, "--out-dir", dist, "--offline"]);
    return readdirSync(dist)
      .filter((file) => /\.(?:whl|tar\.gz)$/.test(file))
      .map((file) => join(dist, file));
  };
  /** Requests since `from`, as their lines in the access log say. */
  const requested = (from: number): string[] =>
    [...server.log.slice(from).matchAll(/"method":"(\w+)","path":"([^"]+)"/g)].map(
      ([, method, path]) => `${method} ${path}`,
    );

  beforeAll(async () => {
    server = await started.add(RunningServer.start(), (running) => running.stop());
    home = new PythonHome(join(folder.path, "home"), server);
    await codeartifact("create-domain", "--domain", "my-organization");
    await codeartifact("create-repository", "--domain", "my-organization", "--repository", "pypi-store");
    await codeartifact(
      ...["associate-external-connection", "--domain", "my-organization", "--repository", "pypi-store"],
      ...["--external-connection", "public:pypi"],
    );
    await codeartifact("create-repository", ...LOGIN, "--upstreams", "repositoryName=pypi-store");
    endpoint = (await codeartifact("get-repository-endpoint", ...LOGIN, "--format", "pypi")).trim();
    token = (
      await codeartifact(
        "get-authorization-token",
        "--domain",
        "my-organization",
        "--query",
        "authorizationToken",
      )
    ).trim();
  });
  afterAll(async () => {
    await started.end();
    folder.remove();
  });

  test("pip, logged in by the AWS CLI, installs a public package with what it needs, and again from what is kept", async () => {
    await home.run("aws", ["codeartifact", "login", "--tool", "pip", ...LOGIN]);
    const install = (target: string) =>
      home.run("pip", ["install", "--no-cache-dir", "--target", target, "requests==2.32.3"]);
    await install("first");
    const code = "import requests, idna, urllib3, certifi; print(requests.__version__)";
    expect((await home.python(join(home.path, "first"), code)).trim()).toBe("2.32.3");
    const kept = await codeartifact(
      "list-package-versions",
      ...LOGIN,
      "--format",
      "pypi",
      "--package",
      "requests",
    );
    expect(kept).toContain("2.32.3");
    await install("second");
    expect((await home.python(join(home.path, "second"), code)).trim()).toBe("2.32.3");
  });

  test("pip resolves by metadata alone and downloads no file for it", async () => {
    await home.run("aws", ["codeartifact", "login", "--tool", "pip", ...LOGIN]);
    const from = server.log.length;
    const output = await home.run("pip", [
      "install",
      "--no-cache-dir",
      "--dry-run",
      "--ignore-installed",
      "flask==3.1.0",
    ]);
    expect(output).toContain("Would install");
    const paths = requested(from);
    expect(paths.filter((line) => line.endsWith(".whl.metadata")).length).toBeGreaterThan(3);
    expect(paths.filter((line) => /\.(?:whl|tar\.gz)$/.test(line))).toEqual([]);
  });

  test("pip takes the wheel for this machine out of many", async () => {
    await home.run("aws", ["codeartifact", "login", "--tool", "pip", ...LOGIN]);
    await home.run("pip", [
      "download",
      "--no-cache-dir",
      "--no-deps",
      "--dest",
      "wheels",
      "MarkupSafe==3.0.2",
    ]);
    expect(readdirSync(join(home.path, "wheels"))).toEqual([
      expect.stringMatching(/^MarkupSafe-3\.0\.2-cp.*\.whl$/i),
    ]);
  });

  test("twine, logged in by the AWS CLI, publishes; pip installs that; the same again succeeds, another is refused", async () => {
    await home.run("aws", ["codeartifact", "login", "--tool", "pip", ...LOGIN]);
    await home.run("aws", ["codeartifact", "login", "--tool", "twine", ...LOGIN]);
    project("My.Example", "1.0", "VALUE = 1\n");
    const files = await build("My.Example");
    expect(files.length).toBe(2);
    const upload = (paths: readonly string[]) =>
      home.try("twine", ["upload", "--verbose", "--repository", "codeartifact", ...paths]);
    expect(await upload(files)).toMatchObject({ code: 0 });
    expect(await upload(files)).toMatchObject({ code: 0 });

    await home.run("pip", ["install", "--no-cache-dir", "--target", "published", "my-example"]);
    const code = "import my_example, idna; print(my_example.VALUE)";
    expect((await home.python(join(home.path, "published"), code)).trim()).toBe("1");
    await home.run("pip", [
      "download",
      "--no-cache-dir",
      "--no-deps",
      "--no-binary",
      ":none:",
      "--dest",
      "got",
      "my_example==1.0",
    ]);
    const wheel = files.find((file) => file.endsWith(".whl")) ?? "";
    expect(
      readFileSync(join(home.path, "got", wheel.split("/").at(-1) ?? "")).equals(readFileSync(wheel)),
    ).toBe(true);

    project("My.Example", "1.0", "VALUE = 2\n");
    const other = await upload(await build("My.Example"));
    expect(other.code).not.toBe(0);
    expect(other.stdout + other.stderr).toContain("409");
    expect(other.stdout + other.stderr).toMatch(/already\s+exists\s+with\s+different\s+content/);
  });

  test("what was published tells the API its summary and what it needs", async () => {
    const description = await codeartifact(
      ...["describe-package-version", ...LOGIN, "--format", "pypi", "--package", "my-example"],
      ...["--package-version", "1.0", "--query", "packageVersion.[summary,status]"],
    );
    expect(description.trim().split("\t")).toEqual(["An example", "Published"]);
    const dependencies = await codeartifact(
      ...["list-package-version-dependencies", ...LOGIN, "--format", "pypi", "--package", "my-example"],
      ...["--package-version", "1.0", "--query", "dependencies[].[package,dependencyType]"],
    );
    expect(dependencies.trim().split("\t")).toEqual(["idna", "Requires-Dist"]);
  });

  test("a name and version of the public index cannot be published over", async () => {
    await home.run("aws", ["codeartifact", "login", "--tool", "twine", ...LOGIN]);
    project("requests", "2.32.3", "VALUE = 1\n");
    const upload = await home.try("twine", [
      "upload",
      "--verbose",
      "--repository",
      "codeartifact",
      ...(await build("requests")),
    ]);
    expect(upload.code).not.toBe(0);
    expect(upload.stdout + upload.stderr).toMatch(/HTTPError: (?:403|409)/);
  });

  test.each(["invalid", "expired"])("an %s token is told as such by pip, twine and uv", async (kind) => {
    const refused = kind === "expired" ? await expiredPackageToken(server, "my-organization") : "nonsense";
    const pip = await home.try("pip", [
      "download",
      "--no-cache-dir",
      "--index-url",
      index(refused),
      "requests",
    ]);
    expect(pip.code).not.toBe(0);
    // pip knows this status and has its own words for it.
    expect(pip.stdout + pip.stderr).toContain("401 Error, Credentials not correct");
    const [file = ""] = await build("My.Example");
    const twine = await home.try("twine", [
      "upload",
      "--repository-url",
      endpoint,
      "-u",
      "aws",
      "-p",
      refused,
      file,
    ]);
    expect(twine.code).not.toBe(0);
    expect(twine.stdout + twine.stderr).toMatch(new RegExp(`401.*${kind}`, "s"));
    const uv = await home.try("uv", [
      "pip",
      "install",
      "--no-cache",
      "--target",
      "no",
      "--index-url",
      index(refused),
      "requests",
    ]);
    expect(uv.code).not.toBe(0);
    expect(uv.stdout + uv.stderr).toContain("401");
  });

  test("uv installs and publishes", async () => {
    const credentials = { UV_INDEX_HERE_USERNAME: "aws", UV_INDEX_HERE_PASSWORD: token };
    const where = [
      "--no-config",
      "--index",
      `here=${endpoint}simple/`,
      "--default-index",
      `${endpoint}simple/`,
    ];
    await home.run("uv", [
      "pip",
      "install",
      "--no-cache",
      "--target",
      "uv",
      "--index-url",
      index(),
      "httpx==0.28.1",
      "my-example",
    ]);
    expect(
      (await home.python(join(home.path, "uv"), "import httpx, my_example; print(httpx.__version__)")).trim(),
    ).toBe("0.28.1");
    await home.run(
      "uv",
      ["pip", "compile", "--no-cache", ...where, "-o", "locked.txt", home.write("in.txt", "my-example\n")],
      credentials,
    );
    expect(readFileSync(join(home.path, "locked.txt"), "utf8")).toMatch(/idna==/);

    project("with-uv", "0.1", "VALUE = 3\n");
    const files = await build("with-uv");
    const publish = ["publish", "--publish-url", endpoint, "--username", "aws", "--password", token];
    await home.run("uv", [...publish, ...files]);
    await home.run("uv", [...publish, ...files]);
    project("with-uv", "0.1", "VALUE = 4\n");
    const other = await home.try("uv", [...publish, ...(await build("with-uv"))]);
    expect(other.code).not.toBe(0);
    expect(other.stderr).toContain("different content");
  });

  test("poetry adds and publishes", async () => {
    const env = { POETRY_HTTP_BASIC_HERE_USERNAME: "aws", POETRY_HTTP_BASIC_HERE_PASSWORD: token };
    home.write(
      "with-poetry/pyproject.toml",
      `[project]\nname = "with-poetry"\nversion = "0.1.0"\nrequires-python = ">=3.10"\ndependencies = []\n` +
        `[[tool.poetry.source]]\nname = "here"\nurl = "${endpoint}simple/"\npriority = "primary"\n` +
        `[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n`,
    );
    home.write("with-poetry/with_poetry/__init__.py", "VALUE = 5\n");
    const poetry = (...args: string[]) => home.run("poetry", ["--directory", "with-poetry", ...args], env);
    await poetry("add", "--lock", "click==8.1.7", "my-example");
    expect(readFileSync(join(home.path, "with-poetry/poetry.lock"), "utf8")).toMatch(/name = "my-example"/);
    await poetry("build");
    await poetry("config", "--local", "repositories.here", endpoint);
    await poetry("publish", "--repository", "here");
    expect(await codeartifact("list-packages", ...LOGIN, "--format", "pypi")).toContain("with-poetry");
  });
});
