import type { AdminServices } from "../api/routes/index.ts";

export interface AdminOptions extends AdminServices {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly log: AdminLog;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

/** What is needed of a logger; pino's is one. */
interface AdminLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
