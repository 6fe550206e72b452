/** The world outside of a test: an upstream in this process, and formats as small as can be that understand it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type FormatName, type PackageFormat, PackageInvalid, type UpstreamListing } from "../format.ts";

export interface TestUpstream {
  /** Ends in a slash. */
  readonly baseUrl: string;
  /** What it has: package, version, files and their content. */
  readonly packages: Record<string, Record<string, Record<string, string>>>;
  /** dist-tags by package. */
  readonly tags: Record<string, Record<string, string>>;
  /** Paths that it was asked for. */
  readonly asked: string[];
  isDown: boolean;
  /** Files stop after their first byte until this resolves. */
  hold: Promise<void> | undefined;
  close(): void;
}

export function testFormat(name: FormatName, assetsGrow: boolean): PackageFormat {
  return {
    name,
    assetsGrow,
    normalizeName({ namespace, name: given }) {
      if (given.includes(" ")) throw new PackageInvalid("a name has no spaces");
      return { namespace, name: assetsGrow ? given.toLowerCase() : given };
    },
    normalizeVersion: (version) => version,
    upstream: {
      async list(source, { name: wanted }) {
        const document = await source.document(`${source.baseUrl}${wanted}`);
        return document && (JSON.parse(Buffer.from(document.bytes).toString()) as UpstreamListing);
      },
      async document(source, { name: wanted }, document) {
        return (await source.document(`${source.baseUrl}${wanted}/documents/${document}`))?.bytes;
      },
    },
  };
}

export async function testUpstream(): Promise<TestUpstream> {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    upstream.asked.push(path);
    const [, name = "", version, file] = path.split("/").map(decodeURIComponent);
    const answer =
      version === undefined ? listingText(upstream, name) : upstream.packages[name]?.[version]?.[file ?? ""];
    response.statusCode = upstream.isDown ? 503 : answer === undefined ? 404 : 200;
    if (response.statusCode !== 200 || version === undefined || !upstream.hold) {
      response.end(response.statusCode === 200 ? answer : "");
      return;
    }
    response.write(answer?.slice(0, 1));
    void upstream.hold.then(() => response.end(answer?.slice(1)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream: TestUpstream = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    packages: {},
    tags: {},
    asked: [],
    isDown: false,
    hold: undefined,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}

function listingText({ packages, tags, baseUrl }: TestUpstream, name: string): string | undefined {
  const versions = packages[name];
  if (versions === undefined) return undefined;
  const listing: UpstreamListing = {
    versions: Object.entries(versions).map(([version, files]) => ({
      version,
      publishedAt: 1_700_000_000_000,
      description: { metadata: { from: "outside" }, licenses: [], dependencies: [] },
      assets: Object.keys(files).map((file) => ({
        name: file,
        url: `${baseUrl}${name}/${version}/${file}`,
        integrity: {},
        metadata: {},
      })),
    })),
    tags: tags[name] ?? {},
    metadata: { from: "outside" },
  };
  return JSON.stringify(listing);
}
