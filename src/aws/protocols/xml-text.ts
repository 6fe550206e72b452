import { XmlText } from "@aws-sdk/xml-builder";

export function escapeXml(text: string): string {
  return new XmlText(text).toString();
}

/** Flat elements of an error document, in the order given; values that are undefined are left out. */
export function xmlElements(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join("");
}
