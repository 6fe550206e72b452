import { expect, test } from "bun:test";
import { parseXml } from "./xml.ts";

test("what is wrong with a hostile document is said in one line, however large it is", () => {
  for (const text of ["<a>".repeat(100_000), `<a>${"<b>".repeat(200)}${"</b>".repeat(200)}</a>`]) {
    let message = "";
    try {
      parseXml(Buffer.from(text), "the POM", "a");
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toStartWith("the POM");
    expect(message.length).toBeLessThan(300);
  }
});
