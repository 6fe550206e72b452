import { XmlText } from "@aws-sdk/xml-builder";

/** XML 1.0 section 2.2 has no form for some characters, not even an escaped one: they become U+FFFD. */
export function escapeXml(text: string): string {
  return new XmlText(text.toWellFormed().replace(NOT_IN_XML, "\ufffd")).toString();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Flat elements of an error document, in the order given; values that are undefined are left out. */
export function xmlElements(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join("");
}
