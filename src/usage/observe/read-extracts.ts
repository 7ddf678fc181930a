import type { UsageReading } from "../../core/usage/usage.ts";
import { EMPTY_PARTIAL } from "../dialects/dialect.ts";
import { endpointOf } from "../endpoints/endpoint-table.ts";
import type { Fields } from "../json/fields.ts";
import { JsonPicker } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";
import { conclude, type ReadRequest } from "./conclude.ts";
import { withError } from "./reading-builder.ts";
import { NO_PARAMETERS, parametersOf, REQUEST_SHAPE, type RequestParameters } from "./request-reader.ts";

/**
 * The bodies of an exchange that ended completely, reduced to the members that its reading needs, as JSON text. Any
 * thread can read them later; nothing else of the bodies is needed.
 */
export interface BodyExtracts {
  /** Empty if the request has no parameters. */
  readonly request: string;
  readonly response: string;
}

/** Reads what `RequestObserver.finish` would have read. `status` is that of the provider's response. */
export function readExtracts(request: ReadRequest, status: number, extracts: BodyExtracts): UsageReading {
  const endpoint = endpointOf(request.method, request.path, false);
  const document = documentIn(extracts.response, endpoint.reader.shape) ?? {};
  const partial = endpoint.reader.read(EMPTY_PARTIAL, document, undefined);
  return conclude({
    request,
    endpoint,
    parameters: parametersIn(extracts.request),
    ending: "complete",
    status,
    hasBody: true,
    partial: status >= 400 ? withError(partial, document) : partial,
    stream: false,
    hasDocuments: true,
    unreadReason: undefined,
    invalid: false,
    hasInvalidDocument: false,
    lacksEnd: false,
    firstContentAt: undefined,
    inputText: noText,
    outputText: noText,
  });
}

/** The parameters in the extract of a request. */
export function parametersIn(extract: string): RequestParameters {
  if (extract === "") return NO_PARAMETERS;
  const known = KNOWN_PARAMETERS.get(extract);
  if (known !== undefined) return known;
  const parameters = parametersOf(documentIn(extract, REQUEST_SHAPE), noText);
  if (extract.length > MAX_KNOWN_LENGTH) return parameters;
  if (KNOWN_PARAMETERS.size >= MAX_KNOWN) KNOWN_PARAMETERS.clear();
  KNOWN_PARAMETERS.set(extract, parameters);
  return parameters;
}

/** Most requests ask for one of a few models. */
const KNOWN_PARAMETERS = new Map<string, RequestParameters>();
const MAX_KNOWN = 256;
const MAX_KNOWN_LENGTH = 256;

function noText(): undefined {}

/** The members of an extract. Where one is no valid JSON, the general reader takes the others, as from the body. */
function documentIn(extract: string, shape: Shape): Fields | undefined {
  try {
    return JSON.parse(extract) as Fields; // as: an extract is the text of an object
  } catch {
    let document: Fields | undefined;
    const bytes = Buffer.from(extract);
    const picker = new JsonPicker(shape, (found) => (document = found));
    picker.push(bytes, 0, bytes.length);
    picker.end();
    return document;
  }
}
