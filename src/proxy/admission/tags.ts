const MAX_TAGS = 16;
const MAX_LENGTH = 128;

/**
 * Reads the client's labels, `x-lmgate-tags: team=a,feature=b`. Number and length are bounded because clients choose
 * them; parts that are not `name=value` are ignored.
 */
export function parseTags(value: string): Readonly<Record<string, string>> | undefined {
  const tags: Record<string, string> = Object.create(null) as Record<string, string>; // no prototype to collide with
  let count = 0;
  for (const part of value.split(",", MAX_TAGS * 2)) {
    const equals = part.indexOf("=");
    if (equals === -1) continue;
    const name = part.slice(0, equals).trim().slice(0, MAX_LENGTH);
    if (name === "" || count === MAX_TAGS) continue;
    if (!(name in tags)) count++;
    tags[name] = part
      .slice(equals + 1)
      .trim()
      .slice(0, MAX_LENGTH);
  }
  return count === 0 ? undefined : tags;
}
