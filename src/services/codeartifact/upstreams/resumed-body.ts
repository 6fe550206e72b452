import type { UpstreamAnswer, UpstreamHttp, UpstreamRequest } from "./http.ts";
import { UpstreamRefused } from "./upstreams.ts";

const RESUMPTIONS = 3;

/**
 * The bytes of a file whose beginning may be at clients already: where the connection breaks or stops, the rest is asked
 * for (RFC 9110 section 14.2), since all that could be done for those clients otherwise is to cut them off.
 *
 * @param checked whether a hash of the whole is known; without it the rest has to bear the same tag
 */
export async function* resumedBody(
  http: UpstreamHttp,
  request: UpstreamRequest,
  answer: UpstreamAnswer,
  checked: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  const { size, headers } = answer;
  const tag = headers.etag?.startsWith('"') ? headers.etag : undefined;
  const resumable = size !== undefined && (checked || tag !== undefined);
  let { body } = answer;
  let received = 0;
  for (let resumptions = 0; ; resumptions += 1) {
    try {
      for await (const chunk of body) {
        received += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!resumable || error instanceof UpstreamRefused || resumptions === RESUMPTIONS) throw error;
      const rest = await theRest(http, request, received, size, tag).catch(() => undefined);
      if (rest === undefined) throw error;
      body = rest;
    }
  }
}

/** Undefined when the upstream sends no parts, or the file is another one by now. */
async function theRest(
  http: UpstreamHttp,
  request: UpstreamRequest,
  start: number,
  size: number,
  tag: string | undefined,
): Promise<UpstreamAnswer["body"] | undefined> {
  const headers = {
    ...request.headers,
    range: `bytes=${start}-`,
    ...(tag === undefined ? {} : { "if-range": tag }),
  };
  const answer = await http.get({ ...request, headers }, async (received) => received);
  if (answer.status === 206 && answer.headers["content-range"] === `bytes ${start}-${size - 1}/${size}`)
    return answer.body;
  answer.discard();
  return undefined;
}
