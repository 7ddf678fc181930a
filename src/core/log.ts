/** A structured logger, in the form of pino's methods so that pino's own logger is one: fields first, then the message. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One line of the log as plain data, so that it can be sent to the thread that writes the log. */
export interface LogEntry {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

/** A logger for a worker or child process, which has no log of its own: it sends each entry on. */
export function relayLogger(send: (entry: LogEntry) => void): Logger {
  return {
    info: (fields, message) => send({ level: "info", fields, message }),
    warn: (fields, message) => send({ level: "warn", fields, message }),
    error: (fields, message) => send({ level: "error", fields, message }),
  };
}
