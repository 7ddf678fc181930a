/** What is wrong with a question, for whoever asked it. */
export class QueryError extends Error {
  readonly where: string;

  /** `where` is the member of the question, as it is written in text forms. */
  constructor(where: string, message: string) {
    super(message);
    this.name = "QueryError";
    this.where = where;
  }
}
