import { COMMON, type Dialect, readCommon } from "./dialect.ts";
import { shapeOf } from "../json/json-shape.ts";

/** For responses without usage: only the model and errors are read. */
export const noUsage: Dialect = {
  name: "none",
  shape: shapeOf(COMMON),
  optionalInStreams: false,
  relevantFrame: /"error"\s*:\s*(?!null|\s)/,
  read: readCommon,
  hasContent: () => false,
  toUsage: () => undefined,
};
