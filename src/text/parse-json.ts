/** The value of a JSON text; undefined if it is not JSON, such as a text that was cut off. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same for a value that can be encoded twice: CopilotKit's hooks also encode a JSON text as JSON. */
export function parseEncodedJson(text: string): unknown {
  const value = parseJson(text);
  return typeof value === "string" ? parseJson(value) : value;
}
