/**
 * Where settings come from: a flag goes before the environment, that before shosoin.yaml, that before the defaults.
 * Values are still text here; config.ts reads them.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse as parseYaml } from "yaml";
import { ConfigError } from "./errors.ts";
import { type CommandName, environmentName, type SettingName, settingsOf } from "./table.ts";

/** Every value that was given for a setting, in order. */
export type Values = Partial<Record<SettingName, readonly string[]>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** @param folder in which shosoin.yaml is looked for. Throws ConfigError. */
export function readSources(
  command: CommandName,
  args: readonly string[],
  environment: Environment,
  folder: string,
): { readonly values: Values; readonly words: readonly string[] } {
  const { values: flags, words } = readFlags(command, args);
  const fromEnvironment = readEnvironment(command, environment);
  const file = readFile((flags.config ?? fromEnvironment.config)?.at(-1), folder);
  return { values: { ...defaults(), ...file, ...fromEnvironment, ...flags }, words };
}

function readFlags(
  command: CommandName,
  args: readonly string[],
): { values: Values; words: readonly string[] } {
  const settings = settingsOf(command).filter((setting) => !setting.environmentOnly && !setting.noFlag);
  const options = Object.fromEntries(
    settings.map((setting) => [setting.name, { type: "string" as const, multiple: true }]),
  );
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
    return { values: parsed.values as Values, words: parsed.positionals };
  } catch (error) {
    const { message } = error as Error;
    const unknown = /^Unknown option '(?<flag>-[^']*)'/.exec(message)?.groups?.["flag"];
    const bare = /^Option '(?<flag>-\S+) [^']*' argument missing/.exec(message)?.groups?.["flag"];
    const problem = unknown
      ? `${command} has no flag ${unknown}.`
      : bare
        ? `${bare} needs a value.`
        : message;
    throw new ConfigError(`${problem} "shosoin ${command} --help" lists the flags.`);
  }
}

function readEnvironment(command: CommandName, environment: Environment): Values {
  const values: Values = {};
  for (const setting of settingsOf(command)) {
    const value = environment[environmentName(setting.name)];
    if (value === undefined || value === "") continue;
    values[setting.name] = setting.repeatable ? value.split(",").map((part) => part.trim()) : [value];
  }
  return values;
}

function readFile(named: string | undefined, folder: string): Values {
  const path = resolve(folder, named ?? "shosoin.yaml");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new ConfigError(`Cannot read the settings file ${path}: ${(error as Error).message}.`);
  }
  let document: unknown;
  try {
    document = parseYaml(text) ?? {};
  } catch (error) {
    throw new ConfigError(`${path} is not YAML: ${(error as Error).message}`);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new ConfigError(`${path} must hold settings as "name: value" lines.`);
  }
  const known = new Map(settingsOf("serve").map((setting) => [setting.name as string, setting]));
  const values: Values = {};
  for (const [name, value] of Object.entries(document)) {
    const setting = known.get(name);
    if (!setting || setting.environmentOnly || name === "config") {
      const inFiles = [...known.values()].filter((each) => !each.environmentOnly && each.name !== "config");
      const names = inFiles.map((each) => each.name);
      throw new ConfigError(`${path} sets "${name}", which is no setting. There are: ${names.join(", ")}.`);
    }
    const parts: unknown[] = Array.isArray(value) ? value : [value];
    if (parts.some((part) => !["string", "number", "boolean"].includes(typeof part))) {
      throw new ConfigError(`${path}: "${name}" must be a value or a list of values.`);
    }
    values[setting.name] = parts.map(String);
  }
  return values;
}

function defaults(): Values {
  const values: Values = {};
  for (const { name, fallback } of [...settingsOf("serve"), ...settingsOf("lifecycle")])
    if (fallback !== undefined) values[name] = [fallback];
  return values;
}
