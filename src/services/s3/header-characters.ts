/** Whether no header's value can have this text: it would end the header, or the parser of whoever reads it. */
export function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(text);
}
