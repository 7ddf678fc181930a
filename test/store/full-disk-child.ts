// Compacts where no file may grow. Exits with 0 if that fails and queries still return every record.
import { Store } from "../../src/store/files/store.ts";
import { assertHolds, optionsOf, recordsFrom } from "./fixture.ts";

// The limit's signal would end the process. If it is ignored, the write fails as on a full disk.
process.on("SIGXFSZ", () => undefined);
const store = await Store.open(optionsOf(process.argv[2] ?? ""));
await store.refresh();
const failure = await store.compact().then(
  () => undefined,
  (error: unknown) => error,
);
await assertHolds(store, recordsFrom(0, 3000));
process.exitCode = failure === undefined ? 1 : 0;
