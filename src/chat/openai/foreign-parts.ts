const KNOWN = { user: ["text", "image_url", "file"], other: ["text"] };

export type ReadableBody = {
  body: unknown;
  /** One sentence for each part that was left out. */
  notes: string[];
};

/**
 * Leaves out content parts of other vendors, such as `input_audio` or `thinking`, and files that only OpenAI has. In a message of the
 * user, a text in its place informs the model.
 */
export function leaveOutForeignParts(body: unknown): ReadableBody {
  const notes: string[] = [];
  const messages = (Object(body) as { messages?: unknown }).messages;
  if (!Array.isArray(messages)) return { body, notes };
  const readable = messages.map((message, index) => {
    const { role, content } = Object(message) as { role?: unknown; content?: unknown };
    if (!Array.isArray(content) || (role !== "user" && role !== "assistant")) return message;
    const known = role === "user" ? KNOWN.user : KNOWN.other;
    const parts = content.flatMap((part, place) => {
      const type = (Object(part) as { type?: unknown }).type;
      if (typeof type !== "string" || (known.includes(type) && !isStoredFile(part))) return [part];
      const name = /^[\w.-]{1,50}$/.test(type) ? type : "part";
      notes.push(`messages.${index}.content.${place}: ${name} cannot be read here`);
      return role === "user" ? [{ type: "text", text: `[${name} that cannot be read here]` }] : [];
    });
    return { ...(message as object), content: parts };
  });
  return { body: { ...(body as object), messages: readable }, notes };
}

const isStoredFile = (part: unknown): boolean => {
  const { file_id, file_data } = Object((part as { file?: unknown }).file);
  return typeof file_id === "string" && file_data === undefined;
};
