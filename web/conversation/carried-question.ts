import { beginThread } from "./history";

const carried = new Map<string, string>();

/**
 * Begins a thread that asks a question when it is opened.
 *
 * It is kept in memory: a question in an address would let a link spend the reader's budget.
 */
export function beginThreadWith(question: string): string {
  const id = beginThread();
  carried.set(id, question);
  return id;
}

/** The question that a thread should ask now; undefined the second time. */
export function takeCarriedQuestion(thread_id: string): string | undefined {
  const question = carried.get(thread_id);
  carried.delete(thread_id);
  return question;
}
