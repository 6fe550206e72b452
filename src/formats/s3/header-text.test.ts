import { describe, expect, test } from "bun:test";
import { hasControl } from "../../services/s3/index.ts";
import { decodeHeaderText, decodeMetadataText, encodeHeaderText, encodeMetadataText } from "./header-text.ts";

const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");

test("a header's bytes are UTF-8 where they can be, else Latin-1", () => {
  expect(decodeHeaderText(bytes("größe 正倉院"))).toBe("größe 正倉院");
  expect(decodeHeaderText("gr\u00f6\u00dfe")).toBe("größe");
  expect(encodeHeaderText("größe")).toBe(bytes("größe"));
});

describe("metadata that is not ASCII", () => {
  test("is answered as one encoded word, and read again as what it was", () => {
    for (const text of ["größe", "正倉院", "a=b?c_d é", "🗿", "plain", "tab\tstop"]) {
      const encoded = encodeMetadataText(text);
      expect(encoded).toMatch(/^[\x20-\x7e\t]*$/);
      expect(decodeMetadataText(encoded)).toBe(text);
    }
    expect(encodeMetadataText("bär")).toBe("=?UTF-8?Q?b=C3=A4r?=");
    expect(encodeMetadataText("正倉院")).toBe("=?UTF-8?B?5q2j5YCJ6Zmi?=");
    expect(encodeMetadataText("plain")).toBe("plain");
  });

  test("comes as raw bytes, as encoded words, or as several of them", () => {
    expect(decodeMetadataText(bytes("bär"))).toBe("bär");
    expect(decodeMetadataText("=?utf-8?q?b=c3=a4r?=")).toBe("bär");
    expect(decodeMetadataText("=?UTF-8?B?5q2j?= =?UTF-8?B?5YCJ?=")).toBe("正倉");
  });

  test("that only looks encoded stays as it is", () => {
    for (const text of ["=?UTF-8?B?gA==?=", "=?UTF-8?X?abc?=", "a =? b", "=?UTF-8?Q?a=0D=0Ab?="])
      expect(decodeMetadataText(text)).toBe(text);
  });
});

test("control characters but the tab are told", () => {
  expect(["a\r\nb", "\0", "\u007f", "\u001f"].map(hasControl)).toEqual([true, true, true, true]);
  expect(["a\tb", "a b", "é"].map(hasControl)).toEqual([false, false, false]);
});
