import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type PeerCertificate } from "node:tls";
import { type CertificateAuthority, openCertificateAuthority } from "./certificate-authority.ts";
import { authorityCertificates, fileCertificates, type ServerCertificates } from "./server-certificates.ts";
import { type OpenServer, openServer } from "./testing/open-server.ts";
import { RawClient } from "./testing/raw-client.ts";

const DAY = 86_400_000;

let folder: string;
const opened: OpenServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "shosoin-tls-"));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ server }) => server.stop(0)));
  await rm(folder, { recursive: true });
});

async function open(
  certificates: ServerCertificates,
  options: Parameters<typeof openServer>[1] = {},
): Promise<OpenServer> {
  const server = await openServer(
    async (incoming, response, arrival) => {
      for await (const _chunk of incoming);
      response.end(`${arrival.secure} ${arrival.baseUrl} ${JSON.stringify(arrival.host)}`);
    },
    { addresses: [{ where: { host: "127.0.0.1", port: 0 }, certificates }], ...options },
  );
  opened.push(server);
  return server;
}

/** A verified GET; rejects when the certificate is not good for `name`. */
function get(port: number, name: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path: "/", ca, servername: name, headers: { host: name }, agent: false },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(text));
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

function certificateFor(port: number, servername: string | undefined): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const options = servername === undefined ? {} : { servername };
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

describe("--tls auto", () => {
  async function openAuto(now: () => Date = () => new Date()) {
    const authority = await openCertificateAuthority(folder, now());
    const certificates = await authorityCertificates(authority, {
      domains: ["artifacts.example.com"],
      listenHost: "0.0.0.0",
      now,
    });
    return {
      authority,
      certificates,
      ca: await readFile(authority.file, "utf8"),
      ...(await open(certificates)),
    };
  }

  test("every name of every host mode is verified against ca.pem", async () => {
    const { port, ca } = await openAuto();
    const names = [
      "localhost",
      "artifacts.example.com",
      "123456789012.dkr.ecr.us-east-1.artifacts.example.com",
      "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com",
      "my.dotted.bucket.s3.eu-west-1.amazonaws.com",
      "sts.us-east-1.localhost",
    ];
    for (const name of names) {
      expect(await get(port, name, ca)).toStartWith(`true https://${name} `);
    }
    const byAddress = await certificateFor(port, undefined);
    expect(byAddress.subjectaltname).toContain("127.0.0.1");
    expect(byAddress.subjectaltname).toContain("localhost");
  });

  test("a name that is not ours gets no certificate of its own", async () => {
    const { port, ca } = await openAuto();
    for (const name of ["evil.example", "notamazonaws.com", "amazonaws.com.evil.example"]) {
      await expect(get(port, name, ca)).rejects.toThrow();
      expect((await certificateFor(port, name)).subjectaltname).not.toContain(name);
    }
  });

  test("the authority stays when the server starts again, and only its owner can read its key", async () => {
    const first = await openAuto();
    const second = await openAuto();
    expect(second.ca).toBe(first.ca);
    expect(await get(second.port, "localhost", first.ca)).toStartWith("true");
    expect((await stat(join(folder, "ca-key.pem"))).mode & 0o777).toBe(0o600);
  });

  test("certificates are renewed before they end, while serving", async () => {
    let now = new Date();
    const { port, certificates, ca } = await openAuto(() => now);
    const name = "123456789012.dkr.ecr.us-east-1.artifacts.example.com";
    const before = [await certificateFor(port, undefined), await certificateFor(port, name)];
    now = new Date(now.getTime() + 70 * DAY);
    await certificates.refresh(now);
    const after = [await certificateFor(port, undefined), await certificateFor(port, name)];
    for (const [index, certificate] of after.entries()) {
      expect(Date.parse(certificate.valid_to)).toBeGreaterThan(now.getTime() + 30 * DAY);
      expect(certificate.serialNumber).not.toBe(before[index]?.serialNumber);
    }
    expect(ca).toContain("BEGIN CERTIFICATE");
  });

  test("plain HTTP on the TLS port and a broken handshake disturb nobody", async () => {
    const { port, ca } = await openAuto();
    const plain = new RawClient(port);
    plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await plain.untilClosed()).not.toContain("HTTP/1.1 200");
    const garbage = new RawClient(port);
    garbage.send(Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff, 0x01, 0x02]));
    garbage.reset();
    expect(await get(port, "localhost", ca)).toStartWith("true");
  });
});

describe("handshakes", () => {
  async function openShort(options: Parameters<typeof open>[1]) {
    const authority = await openCertificateAuthority(folder, new Date());
    const names = { domains: [], listenHost: "127.0.0.1", now: () => new Date() };
    const { port } = await open(await authorityCertificates(authority, names), options);
    return { port, ca: await readFile(authority.file, "utf8") };
  }

  test("one that never ends is cut", async () => {
    const { port } = await openShort({ handshakeSeconds: 0.3 });
    await new RawClient(port).untilClosed();
    const begun = new RawClient(port);
    begun.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    await begun.untilClosed();
  });

  test("those beyond the limit of connections are refused, and there is room again afterwards", async () => {
    const { port, ca } = await openShort({ maxConnections: 2 });
    const stalled = [new RawClient(port), new RawClient(port)];
    await sleep(50);
    await expect(get(port, "localhost", ca)).rejects.toThrow();
    for (const client of stalled) client.destroy();
    await sleep(50);
    expect(await get(port, "localhost", ca)).toStartWith("true");
  });
});

describe("own certificates", () => {
  async function writePair(authority: CertificateAuthority, name: string, names: readonly string[]) {
    const { cert, key } = await authority.issue(names, new Date());
    const pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
    await writeFile(pair.cert, cert);
    await writeFile(pair.key, key);
    return pair;
  }

  test("the client's name chooses among several, the first is for all others", async () => {
    const authority = await openCertificateAuthority(folder, new Date());
    const pairs = [
      await writePair(authority, "one", ["one.example"]),
      await writePair(authority, "two", ["two.example", "*.s3.us-east-1.two.example"]),
    ];
    const { port } = await open(await fileCertificates(pairs, () => {}));
    const ca = await readFile(authority.file, "utf8");
    for (const name of ["one.example", "two.example", "bucket.s3.us-east-1.two.example"]) {
      expect(await get(port, name, ca)).toStartWith("true");
    }
    expect((await certificateFor(port, "elsewhere.example")).subjectaltname).toBe("DNS:one.example");
    expect((await certificateFor(port, undefined)).subjectaltname).toBe("DNS:one.example");
  });

  test("renewed files are taken over; half-written ones are not", async () => {
    const authority = await openCertificateAuthority(folder, new Date());
    const pair = await writePair(authority, "one", ["one.example"]);
    const problems: Error[] = [];
    const certificates = await fileCertificates([pair], (error) => problems.push(error));
    const { port } = await open(certificates);
    const before = (await certificateFor(port, "one.example")).serialNumber;

    await writeFile(pair.cert, "-----BEGIN CERT");
    await utimes(pair.cert, new Date(), new Date(Date.now() + 10_000));
    await certificates.refresh(new Date());
    expect(problems).toHaveLength(1);
    expect((await certificateFor(port, "one.example")).serialNumber).toBe(before);

    await writePair(authority, "one", ["one.example"]);
    await utimes(pair.cert, new Date(), new Date(Date.now() + 20_000));
    await certificates.refresh(new Date());
    for (const name of ["one.example", undefined]) {
      expect((await certificateFor(port, name)).serialNumber).not.toBe(before);
    }
  });

  test("a pair that does not fit is refused at start, naming the files", async () => {
    const authority = await openCertificateAuthority(folder, new Date());
    const pair = await writePair(authority, "one", ["one.example"]);
    await writeFile(pair.key, "no key");
    await expect(fileCertificates([pair], () => {})).rejects.toThrow("one.pem");
  });
});
