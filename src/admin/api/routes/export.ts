import { parseQuery } from "../../../store/query/query-text.ts";
import type { ExportFormat, StoreReader } from "../../../store/schema/reader.ts";
import { ApiError } from "../../server/problem.ts";
import { route, type ApiRequest, type Route } from "../../server/api-route.ts";
import { toApiError, queryStore, unwrap, queryParameters } from "./query-parameters.ts";
import type { AdminServices } from "../admin-services.ts";

const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  jsonl: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
};

/** Requests or usage as a file, without a limit on rows. */
export function exportRoutes(services: AdminServices): readonly Route[] {
  return (["csv", "jsonl", "parquet"] as const).map((format) =>
    route({
      method: "get",
      path: `/api/v1/export.${format}`,
      access: "authenticated",
      summary: `Export requests or usage as ${format === "csv" ? "CSV (RFC 4180)" : format === "jsonl" ? "JSON lines" : "Parquet"}`,
      query: [
        ...queryParameters,
        {
          name: "what",
          description: "calls: one row per request. usage: the result of the usage query. Default: calls.",
        },
        {
          name: "bom",
          description: "Set to 1 to begin the CSV file with a byte order mark, which some spreadsheets need.",
        },
      ],
      response: MEDIA_TYPES[format],
      run: (request) => queryStore(services, (store) => exported(store, format, request)),
    }),
  );
}

async function exported(store: StoreReader, format: ExportFormat, { query, signal }: ApiRequest): Promise<Response> {
  const parsed = unwrap(parseQuery(query, ["what", "bom"]));
  const what = query.get("what") ?? "calls";
  if (what !== "calls" && what !== "usage") {
    throw new ApiError(400, "The query is invalid.", [{ where: "what", message: "must be calls or usage" }]);
  }
  const request = { format, what, query: parsed, byteOrderMark: query.get("bom") === "1" } as const;
  const parts = store.export(request, signal)[Symbol.asyncIterator]();
  // An error of the query arrives before the first byte, while the response can still be an error.
  const first = await parts.next();
  return new Response(streamOf(parts, first), {
    headers: {
      "content-type": MEDIA_TYPES[format],
      "content-disposition": `attachment; filename="lmgate-${what}.${format}"`,
    },
  });
}

function streamOf(parts: AsyncIterator<Uint8Array>, first: IteratorResult<Uint8Array>): ReadableStream<Uint8Array> {
  let next: IteratorResult<Uint8Array> | undefined = first;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const part = next ?? (await parts.next());
        next = undefined;
        if (part.done === true) controller.close();
        else controller.enqueue(part.value);
      } catch (error) {
        controller.error(toApiError(error));
      }
    },
    async cancel() {
      await parts.return?.();
    },
  });
}
