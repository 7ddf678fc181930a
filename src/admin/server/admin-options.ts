import type { Logger } from "../../core/log.ts";
import type { AdminServices } from "../api/routes/index.ts";

export interface AdminOptions extends AdminServices {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly log: Logger;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}
