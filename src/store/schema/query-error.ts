/** What is wrong with a query, in words for the user. */
export class QueryError extends Error {
  readonly where: string;

  /** `where` is the member of the query, as text forms spell it. */
  constructor(where: string, message: string) {
    super(message);
    this.name = "QueryError";
    this.where = where;
  }
}
