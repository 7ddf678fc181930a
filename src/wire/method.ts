/** The methods that llhttp knows (Node.js's `http.METHODS`). A copy, because this module imports nothing; a test compares. */
export const METHODS: readonly string[] = [
  "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE",
  "MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT",
  "QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE",
].flatMap((names) => names.split(" "));

export const LONGEST_METHOD = "UNSUBSCRIBE".length;

const KNOWN: ReadonlySet<string> = new Set(METHODS);

export function isMethod(text: string): boolean {
  return KNOWN.has(text);
}
