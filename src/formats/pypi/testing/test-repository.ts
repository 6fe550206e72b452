/**
 * The whole server as a child process, with a repository `app` over `store`, which takes from an index of this process
 * under the name of the public one.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  AssociateExternalConnectionCommand,
  CodeartifactClient,
  CreateDomainCommand,
  CreateRepositoryCommand,
  GetAuthorizationTokenCommand,
  GetRepositoryEndpointCommand,
} from "@aws-sdk/client-codeartifact";
import { RunningServer } from "../../../../test/running-server.ts";
import { uploadBody } from "./upload-body.ts";

export interface OutsideFile {
  readonly bytes: Uint8Array;
  /** Entry of the page's `files`, without name and address. */
  readonly entry: Readonly<Record<string, unknown>>;
}

export interface TestRepository extends AsyncDisposable {
  readonly server: RunningServer;
  readonly api: CodeartifactClient;
  readonly token: string;
  /** What the upstream has: project, then file name. A file `x.metadata` without an entry is no file of its own. */
  readonly outside: Map<string, Map<string, OutsideFile>>;
  /** `GET /files/...`, with the range after it. */
  readonly asked: string[];
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The project's page as JSON. */
  page(project: string): Promise<SimplePage>;
  /** `PUT` or another method, without a type. */
  send(method: string, path: string, body?: string): Promise<Response>;
  post(path: string, contentType: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response>;
  upload(
    fileName: string,
    bytes: Uint8Array,
    fields?: Readonly<Record<string, string>>,
    path?: string,
  ): Promise<Response>;
}

export interface SimplePage {
  readonly meta: { readonly "api-version": string };
  readonly versions: readonly string[];
  readonly files: readonly (Readonly<Record<string, unknown>> & {
    readonly filename: string;
    readonly url: string;
  })[];
}

export const REPOSITORY = { domain: "test", repository: "app" } as const;
export const JSON_PAGE = "application/vnd.pypi.simple.v1+json";

export async function testRepository(): Promise<TestRepository> {
  const outside: TestRepository["outside"] = new Map();
  const asked: string[] = [];
  const upstream = await startUpstream(outside, asked);
  const port = (upstream.address() as AddressInfo).port;
  const server = await RunningServer.start({
    args: ["--upstream", `public:pypi=http://127.0.0.1:${port}/simple/`, "--upstream-fresh-seconds", "0"],
  });
  const api = new CodeartifactClient({
    endpoint: server.url,
    region: "us-east-1",
    credentials: server.rootKey,
  });
  await api.send(new CreateDomainCommand({ domain: "test" }));
  await api.send(new CreateRepositoryCommand({ domain: "test", repository: "store" }));
  await api.send(
    new AssociateExternalConnectionCommand({
      domain: "test",
      repository: "store",
      externalConnection: "public:pypi",
    }),
  );
  await api.send(new CreateRepositoryCommand({ ...REPOSITORY, upstreams: [{ repositoryName: "store" }] }));
  const { repositoryEndpoint } = await api.send(
    new GetRepositoryEndpointCommand({ ...REPOSITORY, format: "pypi" }),
  );
  const { authorizationToken } = await api.send(new GetAuthorizationTokenCommand({ domain: "test" }));
  const token = authorizationToken ?? "";
  const authorization = `Basic ${Buffer.from(`aws:${token}`).toString("base64")}`;
  const ask = (path: string, init: RequestInit) =>
    fetch(new URL(path, repositoryEndpoint), {
      redirect: "manual",
      ...init,
      headers: { authorization, ...(init.headers as Record<string, string>) },
    });
  const get: TestRepository["get"] = (path, headers = {}) => ask(path, { headers });
  const post: TestRepository["post"] = (path, type, body) =>
    ask(path, { method: "POST", headers: { "content-type": type }, body });
  return {
    server,
    api,
    token,
    outside,
    asked,
    get,
    async page(project) {
      const response = await get(`simple/${project}/`, { accept: JSON_PAGE });
      if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as SimplePage;
    },
    post,
    send: (method, path, body) => ask(path, { method, ...(body === undefined ? {} : { body }) }),
    async upload(fileName, bytes, fields = {}, path = "") {
      const form = await uploadBody([
        [":action", "file_upload"],
        ...Object.entries(fields),
        ["content", { fileName, bytes }],
      ]);
      return post(path, form.contentType, new Uint8Array(form.bytes));
    },
    async [Symbol.asyncDispose]() {
      api.destroy();
      await server.stop();
      upstream.closeAllConnections();
      upstream.close();
    },
  };
}

async function startUpstream(outside: TestRepository["outside"], asked: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const [, kind, project = "", file] = (request.url ?? "").split("/").map(decodeURIComponent);
    const files = outside.get(project);
    if (kind === "simple" && files) {
      const entries = [...files].filter(([name]) => !name.endsWith(".metadata"));
      response.setHeader("content-type", JSON_PAGE);
      response.end(
        JSON.stringify({
          meta: { "api-version": "1.1" },
          name: project,
          files: entries.map(([name, { entry }]) => ({
            filename: name,
            url: `../../files/${project}/${name}`,
            hashes: {},
            ...entry,
          })),
        }),
      );
      return;
    }
    const bytes = kind === "files" ? files?.get(file ?? "")?.bytes : undefined;
    const { range } = request.headers;
    if (kind === "files") asked.push(`${request.url}${range === undefined ? "" : ` ${range}`}`);
    if (bytes === undefined) {
      response.statusCode = 404;
      response.end();
      return;
    }
    const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
    if (range === undefined) {
      response.end(bytes);
      return;
    }
    const start = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
    const end = first === "" || last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
    response.writeHead(206, { "content-range": `bytes ${start}-${end}/${bytes.length}` });
    response.end(bytes.subarray(start, end + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
