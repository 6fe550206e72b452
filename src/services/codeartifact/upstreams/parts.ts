import type { UpstreamSource } from "../format.ts";
import type { ConnectionSettings } from "./connections.ts";
import type { UpstreamHttp } from "./http.ts";
import { UpstreamRefused } from "./upstreams.ts";

type Part = NonNullable<UpstreamSource["part"]>;

const MAX_PART_BYTES = 16 * 1024 * 1024;

/** Some bytes of an upstream's file, as RFC 9110 section 14 has them asked for. */
export function partsOf(http: UpstreamHttp, connection: ConnectionSettings): Part {
  return async (link, range) => {
    const url = new URL(link, connection.baseUrl).href;
    const wanted = "last" in range ? range.last : range.end - range.start + 1;
    if (wanted < 1 || wanted > MAX_PART_BYTES) throw new RangeError(`a part of ${wanted} bytes`);
    const asked = "last" in range ? `-${range.last}` : `${range.start}-${range.end}`;
    const request = {
      connection,
      url,
      headers: { accept: "*/*", "accept-encoding": "identity", range: `bytes=${asked}` },
      maxSize: wanted,
    };
    return http.get(request, async (answer) => {
      if (answer.status !== 206) {
        answer.discard();
        return undefined;
      }
      const said = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(answer.headers["content-range"] ?? "");
      const [start, end, size] = said?.slice(1).map(Number) ?? [];
      if (start === undefined || end === undefined || size === undefined) {
        answer.discard();
        return undefined;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const first = "last" in range ? Math.max(0, size - range.last) : range.start;
      if (start !== first || bytes.length !== end - start + 1)
        throw new UpstreamRefused(`${connection.name} sends another part of ${url} than was asked for`);
      return { bytes, start, size };
    });
  };
}
