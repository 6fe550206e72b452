import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { commandHelp } from "./help.ts";
import { environmentName, SETTINGS } from "./table.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shosoin-config-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function serve(args: readonly string[] = [], environment: Record<string, string> = {}) {
  return readConfig("serve", args, environment, folder).config;
}

test("without anything it serves embedded on the loopback interface", () => {
  expect(serve()).toMatchObject({
    data: join(folder, "shosoin-data"),
    listen: { host: "127.0.0.1", port: 7560 },
    account: "123456789012",
    region: "us-east-1",
    database: undefined,
    blobs: undefined,
    domains: [],
    tls: { mode: "off" },
    daySeconds: 86_400,
    rootKey: undefined,
  });
});

test("a flag goes before the environment, the environment before the file, the file before the default", () => {
  const file = join(folder, "given.yaml");
  writeFileSync(
    file,
    "listen: 127.0.0.1:1\nregion: eu-west-1\naccount: '000000000001'\ndomain: [a.example, b.example]\n",
  );
  const environment = { SHOSOIN_CONFIG: file, SHOSOIN_LISTEN: "127.0.0.1:2", SHOSOIN_REGION: "eu-west-2" };
  const config = serve(["--listen", "127.0.0.1:3"], environment);
  expect(config.listen.port).toBe(3);
  expect(config.region as string).toBe("eu-west-2");
  expect(config.account as string).toBe("000000000001");
  expect(config.domains).toEqual(["a.example", "b.example"]);
  expect(config.logLevel).toBe("info");
});

test("shosoin.yaml is read where the server starts", () => {
  const file = join(folder, "shosoin.yaml");
  writeFileSync(file, "log-level: debug\nmax-connections: 7\n");
  expect(serve()).toMatchObject({ logLevel: "debug", maxConnections: 7 });
  rmSync(file);
});

test("repeatable settings are repeated as flags and separated by commas in the environment", () => {
  expect(serve(["--domain", "A.example.", "--domain=b.example"]).domains).toEqual(["a.example", "b.example"]);
  expect(serve([], { SHOSOIN_DOMAIN: "a.example, b.example" }).domains).toEqual(["a.example", "b.example"]);
  expect(serve(["--tls-cert", "c1", "--tls-key", "k1", "--tls-cert", "c2", "--tls-key", "/k2"]).tls).toEqual({
    mode: "files",
    pairs: [
      { cert: join(folder, "c1"), key: join(folder, "k1") },
      { cert: join(folder, "c2"), key: "/k2" },
    ],
  });
});

test("an empty variable is as good as none", () => {
  expect(serve([], { SHOSOIN_DATABASE: "", SHOSOIN_LISTEN: "" }).listen.port).toBe(7560);
});

test("secrets and rehearsals come from the environment only", () => {
  const environment = {
    SHOSOIN_DAY_SECONDS: "2",
    SHOSOIN_ROOT_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE01",
    SHOSOIN_ROOT_SECRET_ACCESS_KEY: "a secret of some length",
  };
  expect(serve([], environment)).toMatchObject({
    daySeconds: 2,
    rootKey: { accessKeyId: "AKIAEXAMPLEEXAMPLE01", secretAccessKey: "a secret of some length" },
  });
  expect(() => serve(["--day-seconds", "2"])).toThrow("serve has no flag --day-seconds");
  expect(() => serve(["--root-secret-access-key", "x"])).toThrow("serve has no flag");
});

test("addresses and sizes are read in every form that people write", () => {
  expect(serve(["--listen", "[::1]:0"]).listen).toEqual({ host: "::1", port: 0 });
  expect(serve(["--listen", "0.0.0.0:443"]).listen).toEqual({ host: "0.0.0.0", port: 443 });
  const sizes: Record<string, number> = { "0": 0, "512MiB": 2 ** 29, "1g": 2 ** 30, "10 GB": 10 * 2 ** 30 };
  for (const [text, size] of Object.entries(sizes)) {
    expect(serve(["--min-free-disk", text]).minFreeDisk).toBe(size);
    expect(serve(["--scrub-rate", text]).scrubRate).toBe(size);
  }
});

test("cold blobs lie where one says: a folder or an object store", () => {
  expect(serve([]).coldBlobs).toBeUndefined();
  expect(serve(["--cold-blobs", "/mnt/slow"]).coldBlobs).toBe("/mnt/slow");
  expect(serve(["--cold-blobs", "slow"]).coldBlobs).toMatch(/^\/.*\/slow$/);
  expect(serve(["--cold-blobs", "s3://archive/x"]).coldBlobs).toBe("s3://archive/x");
});

describe("what cannot be used is refused with what to do", () => {
  const cases: readonly [args: string[], environment: Record<string, string>, says: string][] = [
    [["--lisen", "x"], {}, 'serve has no flag --lisen. "shosoin serve --help" lists the flags.'],
    [["--listen"], {}, '--listen needs a value. "shosoin serve --help" lists the flags.'],
    [["--listen", "7560"], {}, '--listen (SHOSOIN_LISTEN) is "7560", but must be HOST:PORT'],
    [["--listen", "localhost:70000"], {}, "must be HOST:PORT"],
    [[], { SHOSOIN_LISTEN: "::1:80" }, "SHOSOIN_LISTEN"],
    [["--listen", "a:1", "--listen", "b:2"], {}, "given 2 times"],
    [["--account", "42"], {}, "12 digits"],
    [["--region", "Frankfurt"], {}, "a region's name, such as us-east-1"],
    [["--database", "mysql://localhost/x"], {}, "postgres://USER:PASSWORD@HOST/NAME"],
    [["--blobs", "/some/folder"], {}, "s3://BUCKET"],
    [["--cold-blobs", "http://archive"], {}, "s3://BUCKET[/PREFIX], or a folder"],
    [["--scrub-rate", "gently"], {}, "8MiB"],
    [["--domain", "not a domain"], {}, "artifacts.example.com"],
    [["--tls", "on"], {}, "must be auto or off"],
    [["--tls-cert", "a.pem"], {}, "they come in pairs"],
    [["--tls", "auto", "--tls-cert", "a", "--tls-key", "b"], {}, "exclude each other"],
    [["--listen-plain", "127.0.0.1:1"], {}, "without --tls, --listen is plain already"],
    [["--log-level", "loud"], {}, "one of trace, debug"],
    [["--min-free-disk", "lots"], {}, "512MiB"],
    [["--stall-seconds", "0"], {}, "from 1"],
    [["--max-connections", "1e3"], {}, "a whole number"],
    [[], { SHOSOIN_DAY_SECONDS: "0" }, "SHOSOIN_DAY_SECONDS"],
    [[], { SHOSOIN_ROOT_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE01" }, "one of them is missing"],
    [["--config", "absent.yaml"], {}, "Cannot read the settings file"],
  ];
  test.each(cases)("%j %j", (args, environment, says) => {
    expect(() => serve(args, environment)).toThrow(ConfigError);
    expect(() => serve(args, environment)).toThrow(says);
  });

  test("an error about a URL keeps its password to itself", () => {
    for (const url of ["postgres://user:s3cret@bad host/db", "mysql://user:s3@c/ret@host/db"]) {
      expect(() => serve(["--database", url])).toThrow(/^(?!.*(s3cret|c\/ret)).*:\/\/\.\.\.@/s);
    }
  });

  const files: readonly [text: string, says: string][] = [
    ["lisen: x", 'sets "lisen", which is no setting. There are: data, listen'],
    ["root-secret-access-key: x", "which is no setting"],
    ["config: other.yaml", "which is no setting"],
    ["- a\n- b", "name: value"],
    ["listen: {host: a}", '"listen" must be a value or a list'],
    ["listen: [unclosed", "is not YAML"],
  ];
  test.each(files)("shosoin.yaml with %j", (text, says) => {
    const file = join(folder, "bad.yaml");
    writeFileSync(file, text);
    expect(() => serve(["--config", file])).toThrow(says);
  });
});

test("other commands take their own flags and words only", () => {
  const { config, words } = readConfig("account", ["create", "111122223333", "--data", "d"], {}, folder);
  expect(words).toEqual(["create", "111122223333"]);
  expect(config.data).toBe(join(folder, "d"));
  expect(() => readConfig("account", ["--listen", "127.0.0.1:1"], {}, folder)).toThrow(
    "account has no flag --listen",
  );
});

test("help names every setting and its default", () => {
  for (const setting of SETTINGS) {
    const help = commandHelp(setting.commands[0]).replace(/\s+/g, " ");
    expect(help).toContain(
      "environmentOnly" in setting || "noFlag" in setting
        ? environmentName(setting.name)
        : `--${setting.name} `,
    );
    if ("fallback" in setting) expect(help).toContain(`Default: ${setting.fallback}.`);
  }
});
