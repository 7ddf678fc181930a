import type { DuckDBConnection } from "@duckdb/node-api";
import type { RequestRecord } from "../../core/request/request-record.ts";
import { requestsIn } from "../query/plan-query.ts";
import type { RequestRange } from "../backends/query-range.ts";
import { requestsSql } from "../backends/sql/measures-sql.ts";
import { QueryError } from "../schema/query-error.ts";
import type { RequestRow, RequestListPage, RequestListQuery } from "../schema/reader.ts";
import { recordSql } from "../schema/record-text.ts";
import { moment, Statement, textIn, whole } from "../duckdb/statement.ts";
import { DAY, HOUR } from "../time/time-zone.ts";

// Lists of single requests: pages, newest first, and one request by its id.

const SHOWN = [
  "owner",
  "operation",
  "method",
  "error_code",
  "stream",
  "duration_ms",
  "ttft_ms",
  "total_input_tokens",
  "total_output_tokens",
  "total_tokens",
  "cost_usd",
  "cost_source",
  "usage_state",
  "usage_reason",
  "client_app",
] as const;

/** The position at which a page ended: the time of its last request in microseconds, and its id. */
interface Place {
  readonly us: number;
  readonly id: string;
}

const MAX_PAGE = 1_000;

/**
 * Requests with the same time are in the order of their ids, so that each is on exactly one page, whatever is added
 * meanwhile.
 */
export async function listRequests(
  connection: DuckDBConnection,
  wanted: RequestListQuery,
  now: number,
): Promise<RequestListPage> {
  const range = requestsIn(wanted, now);
  if (!Number.isInteger(wanted.limit) || wanted.limit < 1 || wanted.limit > MAX_PAGE) {
    throw new QueryError("limit", `must be a number from 1 to ${MAX_PAGE}`);
  }
  if (wanted.sort === "slowest") return { rows: await slowestRequests(connection, range, wanted.limit), cursor: null };
  const after = wanted.cursor === undefined ? undefined : placeOf(wanted.cursor);
  const to = after === undefined ? range.to : Math.min(range.to, Math.floor(after.us / 1000) + 1);
  const found: FoundRow[] = [];
  // A short range is usually enough for a full page, so the rest need not be read.
  let end = to;
  for (let reach = HOUR; end > range.from && found.length <= wanted.limit; reach *= 8) {
    const from = Math.max(range.from, end - reach);
    const limit = wanted.limit + 1 - found.length;
    found.push(...(await requestsBetween(connection, { ...range, from, to: end }, { after, limit })));
    end = from;
  }
  const shown = found.slice(0, wanted.limit);
  const last = shown.at(-1);
  return {
    rows: shown.map(({ row }) => row),
    cursor: found.length > wanted.limit && last !== undefined ? `${last.us}-${last.row.id}` : null,
  };
}

/**
 * First finds the shortest duration on the page, which reads one column, then the requests with at least this duration.
 */
async function slowestRequests(
  connection: DuckDBConnection,
  range: RequestRange,
  limit: number,
): Promise<readonly RequestRow[]> {
  const bound = new Statement();
  const times = `SELECT duration_ms FROM (${requestsSql(range, bound)}) WHERE duration_ms IS NOT NULL ORDER BY 1 DESC LIMIT ${whole(limit)}`;
  const [least] = await bound.rows(connection, `SELECT min(duration_ms) AS duration_ms FROM (${times})`);
  const shortest = least?.["duration_ms"];
  if (typeof shortest !== "number") return [];
  const statement = new Statement();
  const sql = `
    SELECT ${recordSql(SHOWN)} AS row FROM (${requestsSql(range, statement)}) WHERE duration_ms >= ${shortest}
    ORDER BY duration_ms DESC, ts DESC, id LIMIT ${whole(limit)}`;
  return (await statement.rows(connection, sql)).map(rowOf);
}

interface FoundRow {
  readonly us: number;
  readonly row: RequestRow;
}

async function requestsBetween(
  connection: DuckDBConnection,
  range: RequestRange,
  { after, limit }: { readonly after: Place | undefined; readonly limit: number },
): Promise<readonly FoundRow[]> {
  const statement = new Statement();
  const beyond =
    after === undefined
      ? ""
      : ` WHERE (us < ${whole(after.us)} OR (us = ${whole(after.us)} AND shown_id < ${statement.value(after.id)}))`;
  const sql = `
    SELECT us, ${recordSql(SHOWN)} AS row FROM (
      SELECT *, epoch_us(ts) AS us, coalesce(id, '') AS shown_id FROM (${requestsSql(range, statement)})
    )${beyond} ORDER BY us DESC, shown_id DESC LIMIT ${whole(limit)}`;
  const rows = await statement.rows(connection, sql);
  return rows.map((row) => ({ us: Number(row["us"]), row: rowOf(row) }));
}

function rowOf(row: Readonly<Record<string, unknown>>): RequestRow {
  // as: the statements above select the columns that the type names.
  const shown = JSON.parse(textIn(row, "row") ?? "{}") as RequestRow;
  return { ...shown, client_app: shown.client_app ?? "unknown" };
}

function placeOf(cursor: string): Place {
  const [, us, id] = /^(\d{1,16})-(.*)$/s.exec(cursor) ?? [];
  if (us === undefined || id === undefined)
    throw new QueryError("cursor", "invalid cursor; use the `cursor` of the previous page");
  return { us: Number(us), id };
}

export async function findRequest(connection: DuckDBConnection, id: string): Promise<RequestRecord | undefined> {
  // The gateway's ids contain the time at which the request began.
  const made = madeAt(id);
  if (made !== undefined) {
    const near = await lookUp(connection, id, `ts BETWEEN ${moment(made - DAY)} AND ${moment(made + DAY)}`);
    if (near !== undefined) return near;
  }
  return await lookUp(connection, id, "true");
}

function madeAt(id: string): number | undefined {
  const digits = /^([\da-f]{8})-([\da-f]{4})-7/i.exec(id);
  return digits === null ? undefined : Number.parseInt(`${digits[1]}${digits[2]}`, 16);
}

async function lookUp(connection: DuckDBConnection, id: string, where: string): Promise<RequestRecord | undefined> {
  const statement = new Statement();
  const sql = `SELECT ${recordSql()} AS record FROM calls WHERE ${where} AND id = ${statement.value(id)} LIMIT 1`;
  const [row] = await statement.rows(connection, sql);
  const text = row === undefined ? null : textIn(row, "record");
  // as: built from columns that were read from a record.
  return text === null ? undefined : (JSON.parse(text) as RequestRecord);
}
