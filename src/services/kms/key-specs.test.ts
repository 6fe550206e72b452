import { expect, test } from "bun:test";
import { generateMaterial } from "./key-specs.ts";

test("RSA keys are made one after the other, and who comes when many wait is told to come again", async () => {
  const all = await Promise.allSettled(Array.from({ length: 40 }, () => generateMaterial("RSA_2048")));
  const refused = all.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  for (const result of refused)
    expect(result).toMatchObject({ reason: { name: "ThrottlingException", status: 400 } });
  expect(all.length - refused.length).toBeGreaterThan(9);
  // The others are through by now.
  await expect(generateMaterial("RSA_2048")).resolves.toHaveProperty("publicKey");
  await expect(generateMaterial("SYMMETRIC_DEFAULT")).resolves.toHaveProperty("secret");
});
