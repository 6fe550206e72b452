/** What `--help` says, generally and for each command, from the one table of settings. */
import { type CommandName, environmentName, type Setting, settingsOf } from "./table.ts";

export const GENERAL_HELP = `Shosoin: one self-hosted server for container images, packages, files and machine images.

Usage: shosoin COMMAND [FLAGS]

Commands:
  serve                 Start the server (npm start).
  env                   Print shell exports for the AWS CLI and SDKs: eval "$(shosoin env)"
  account create ID     Make a further account and print its root key, once.
  account list          List the accounts.
  lifecycle preview s3://BUCKET
                        Show what lifecycle rules will do, when and why; nothing is changed.
  root-key change       Seal all encryption keys under another root key; the server does not run meanwhile.
  version               Print the version.
  help [COMMAND]        This text, or a command's flags.

First steps:
  shosoin serve                                   # in one shell
  eval "$(shosoin env)"                           # in another
  aws ecr create-repository --repository-name my-app
  aws ecr get-login-password | docker login --username AWS --password-stdin localhost:7560
  docker push localhost:7560/my-app:v1
`;

const USAGE: Readonly<Record<CommandName, string>> = {
  serve: `Usage: shosoin serve [FLAGS]

Starts the server and prints "Shosoin is ready: URL" once it accepts requests. Without flags everything is
embedded: SQLite and files in one folder, on the loopback interface.`,
  env: `Usage: eval "$(shosoin env [FLAGS])"

Prints exports of the root key, region and endpoint of the server that runs on the data folder, for the AWS CLI
and the SDKs.`,
  account: `Usage: shosoin account create ID [FLAGS]
       shosoin account list [FLAGS]

"create" makes an account of 12 digits and prints its root key, which cannot be read again. "list" lists all
accounts. Both work while the server runs.`,
  "root-key": `Usage: shosoin root-key change --new-root-key-file FILE [FLAGS]

Seals all encryption keys under another root key. Stop every server of the database first, and start them with the new
root key afterwards. The present one is found as "serve" finds it. What is stored is not encrypted anew.`,
  lifecycle: `Usage: shosoin lifecycle preview s3://BUCKET [FLAGS]

Shows for each object version and unfinished upload that a lifecycle rule will act upon: when, what, how many bytes,
which rule, and why; at the end how much there is of each and how many bytes become free. It asks the same
engine that the server acts by. Nothing is changed, and the server may run meanwhile.

"now" is due already: it happens when lifecycle comes by next, which it does once a day for each bucket.

  shosoin lifecycle preview s3://my-artifacts
  shosoin lifecycle preview s3://my-artifacts --prefix releases/ --output json`,
};

export function commandHelp(command: CommandName): string {
  const settings = settingsOf(command);
  const flags = settings.filter((setting) => !setting.environmentOnly && !setting.noFlag);
  const secrets = settings.filter((setting) => setting.noFlag);
  const others = settings.filter((setting) => setting.environmentOnly);
  const parts = [USAGE[command], `Flags:\n${flags.map(flagHelp).join("\n")}`];
  if (secrets.length > 0) {
    parts.push(
      `Only from shosoin.yaml (${list(secrets)}) or the environment:\n${secrets.map(environmentHelp).join("\n")}`,
    );
  }
  if (others.length > 0) {
    parts.push(`Only from the environment:\n${others.map(environmentHelp).join("\n")}`);
  }
  parts.push(
    "Each flag is also a variable (--log-level is SHOSOIN_LOG_LEVEL) and a key of shosoin.yaml (log-level: debug).\n" +
      "A flag goes before the variable, the variable before the file.",
  );
  return `${parts.join("\n\n")}\n`;
}

function list(settings: readonly Setting[]): string {
  return settings.map(({ name }) => name).join(", ");
}

function flagHelp(setting: Setting): string {
  return entry(`--${setting.name} ${setting.value}`, setting);
}

function environmentHelp(setting: ReturnType<typeof settingsOf>[number]): string {
  return entry(`${environmentName(setting.name)}=${setting.value}`, setting);
}

const WIDTH = 110;
const INDENT = 26;

function entry(head: string, { help, fallback }: Setting): string {
  const text = fallback === undefined ? help : `${help} Default: ${fallback}.`;
  const lines = wrap(text, WIDTH - INDENT);
  const first = head.length + 4 <= INDENT ? `  ${head}`.padEnd(INDENT) + lines.shift() : `  ${head}`;
  return [first, ...lines.map((line) => " ".repeat(INDENT) + line)].join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
