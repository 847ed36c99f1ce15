/**
 * The weight that a header such as Accept or Accept-Encoding gives to a name, from 0 (refused, or not
 * named) to 1.
 */
export function weightOf(header: string | null, name: string): number {
  for (const entry of header?.toLowerCase().split(",") ?? []) {
    const [named, ...parameters] = entry.split(";").map((part) => part.trim());
    if (named !== name) continue;
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
  }
  return 0;
}
