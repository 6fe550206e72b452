/** The names every AWS request is about: accounts, regions, ARNs. Each branded string is made by its parser only. */
declare const accountBrand: unique symbol;
declare const regionBrand: unique symbol;

/** Twelve digits. */
export type AccountId = string & { readonly [accountBrand]: true };

/** Any region name of AWS's form (`us-east-1`, `ap-northeast-1`, `us-gov-west-1`); regions are logical here. */
export type Region = string & { readonly [regionBrand]: true };

export function parseAccountId(text: string): AccountId | undefined {
  return /^\d{12}$/.test(text) ? (text as AccountId) : undefined;
}

export function parseRegion(text: string): Region | undefined {
  return /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(text) ? (text as Region) : undefined;
}

/** An ARN's parts; `resource` is everything after the fifth colon. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

export function formatArn(arn: Omit<Arn, "partition">): string {
  return `arn:aws:${arn.service}:${arn.region}:${arn.account}:${arn.resource}`;
}

export function parseArn(text: string): Arn | undefined {
  const match = /^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$/s.exec(text);
  if (!match) return undefined;
  const [, partition = "", service = "", region = "", account = "", resource = ""] = match;
  return { partition, service, region, account, resource };
}
