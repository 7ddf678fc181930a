// Writes part of a large ledger in a thread of its own.
import { workerData } from "node:worker_threads";
import { writeManyRecords, type ManyRecordsOptions } from "./many-records.ts";

// as: of whoever starts this thread.
const { directory, count, options } = workerData as {
  readonly directory: string;
  readonly count: number;
  readonly options: ManyRecordsOptions;
};
writeManyRecords(directory, count, undefined, options);
