// Writes a part of a large ledger in a worker thread.
import { workerData } from "node:worker_threads";
import { writeManyRecords, type ManyRecordsOptions } from "./many-records.ts";

// as: the code that starts this worker passes it.
const { directory, count, options } = workerData as {
  readonly directory: string;
  readonly count: number;
  readonly options: ManyRecordsOptions;
};
writeManyRecords(directory, count, undefined, options);
