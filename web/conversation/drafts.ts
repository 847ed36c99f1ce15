/**
 * Questions that are typed and not asked, by thread. They outlive the box, such as while the page asks for
 * a key or shows another conversation.
 */
const drafts = new Map<string, string>();

export const findDraft = (thread_id: string): string => drafts.get(thread_id) ?? "";

export function keepDraft(thread_id: string, text: string): void {
  if (text === "") drafts.delete(thread_id);
  else drafts.set(thread_id, text);
}
