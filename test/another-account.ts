import { join } from "node:path";
import { runCommand } from "./command.ts";
import { projectRoot, type RootKey, type RunningServer } from "./running-server.ts";

/** Adds an account to a server, as `shosoin account create` does; the key that it prints. */
export async function createAccount(server: RunningServer, id: string): Promise<RootKey> {
  const command = [join(projectRoot, "src", "main.ts"), "account", "create", id, "--data", server.data];
  const text = await runCommand(process.execPath, command);
  const value = (label: string) => new RegExp(`^${label}\\s+(\\S+)$`, "m").exec(text)?.[1] ?? "";
  return { accessKeyId: value("Access key id"), secretAccessKey: value("Secret access key") };
}
