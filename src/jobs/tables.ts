/** The queue. A job that succeeded is deleted; one that failed for good is kept for a while. */
export interface JobsTable {
  id: string;
  kind: string;
  /** JSON */
  payload: string;
  state: "waiting" | "running" | "failed";
  /** When a worker may claim it: for a waiting job its time, for a running one the end of its lease; null when failed. */
  due_at: number | null;
  /** At most one waiting job of a kind has a given key. */
  dedupe_key: string | null;
  /** Tries begun. */
  attempts: number;
  /** Names the claim; only its holder may finish the job. */
  lease: string | null;
  /** What the last try failed with. */
  error: string | null;
  created_at: number;
  updated_at: number;
}

/** When each recurring job comes next; shared by all servers, so that one of them enqueues it. */
export interface JobSchedulesTable {
  name: string;
  schedule: string;
  due_at: number | null;
}

declare module "../storage/metadata/schema.ts" {
  interface Schema {
    jobs: JobsTable;
    job_schedules: JobSchedulesTable;
  }
}
