import { pino } from "pino";
import type { Logger } from "../../core/log.ts";
import type { LogLevel } from "../../config/setting-form.ts";

/** JSON lines on standard output, written at once: a log that is lost when the process dies is no help. */
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
