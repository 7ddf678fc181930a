import { pino } from "pino";
import type { Logger } from "../../core/log.ts";
import type { LogLevel } from "../../config/setting-form.ts";

/** JSON lines on standard output, written synchronously so that a crash does not lose the last ones. */
export function openLog(level: LogLevel, stdout: NodeJS.WritableStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stdout,
  );
}
