/**
 * Keys this installation signs its own values with (registry tokens, page tokens, download links). They lie in
 * the metadata database, made on first use, so that every server of a cluster has the same.
 */
export interface Secrets {
  /** 32 bytes for one purpose (`ecr-token`); the same on every call and every server. */
  key(purpose: string): Promise<Buffer>;
}
