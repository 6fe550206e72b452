/**
 * Which form of a page a client gets: the simple repository API's "Version + format selection" over RFC 9110
 * section 12.5.1. Who names no type gets HTML, as before there was another.
 */
export type PageForm = "json" | "html" | "text-html";

interface Offer {
  readonly form: PageForm;
  readonly type: string;
  /** Names under which it can be asked for. */
  readonly names: readonly string[];
}

/** In the order of our preference among what a client names. */
const OFFERS: readonly Offer[] = [
  {
    form: "json",
    type: "application/vnd.pypi.simple.v1+json",
    names: ["application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+json"],
  },
  {
    form: "html",
    type: "application/vnd.pypi.simple.v1+html",
    names: ["application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.latest+html"],
  },
  { form: "text-html", type: "text/html", names: ["text/html"] },
];

export const PAGE_TYPES: Readonly<Record<PageForm, string>> = {
  json: "application/vnd.pypi.simple.v1+json",
  html: "application/vnd.pypi.simple.v1+html; charset=utf-8",
  "text-html": "text/html; charset=utf-8",
};

const MOST_RANGES = 50;

interface MediaRange {
  readonly name: string;
  readonly quality: number;
}

/** @param format the `format` parameter of the URL, which goes before Accept. Undefined: 406. */
export function choosePage(accept: string | undefined, format?: string | null): PageForm | undefined {
  if (format) return OFFERS.find(({ names }) => names.includes(format.toLowerCase()))?.form;
  if (accept === undefined || accept.trim() === "") return "text-html";
  const ranges = accept.split(",").slice(0, MOST_RANGES).map(readRange);
  let best: { form: PageForm; quality: number; precision: number } | undefined;
  for (const offer of OFFERS) {
    const match = mostPrecise(offer, ranges);
    if (!match || match.quality === 0) continue;
    const better =
      best === undefined ||
      match.quality > best.quality ||
      (match.quality === best.quality &&
        (match.precision > best.precision ||
          // Under a wildcard the oldest form is what an unknowing client expects.
          (match.precision === best.precision && match.precision < EXACT && offer.form === "text-html")));
    if (better) best = { form: offer.form, ...match };
  }
  return best?.form;
}

const EXACT = 2;

function mostPrecise(
  offer: Offer,
  ranges: readonly MediaRange[],
): { quality: number; precision: number } | undefined {
  const named = ranges.filter(({ name }) => offer.names.includes(name));
  if (named.length > 0)
    return { quality: Math.max(...named.map(({ quality }) => quality)), precision: EXACT };
  const family = ranges.find(({ name }) => name === `${offer.type.split("/")[0]}/*`);
  if (family) return { quality: family.quality, precision: 1 };
  const any = ranges.find(({ name }) => name === "*/*");
  return any && { quality: any.quality, precision: 0 };
}

function readRange(text: string): MediaRange {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const quality = weight === undefined ? 1 : Number(weight);
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
