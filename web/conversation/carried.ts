import type { Reference } from "./exchange";
import { beginThread } from "./history";

type Carried = { question?: string; reference?: Reference };
const carried = new Map<string, Carried>();

/**
 * Begins a thread that asks a question or marks the words of a reference when it is opened.
 *
 * Both are kept in memory: a question in an address would let a link spend the reader's budget.
 */
export function beginThreadWith(what: Carried): string {
  const id = beginThread();
  carried.set(id, what);
  return id;
}

/** The question that a thread should ask now; undefined the second time. */
export function takeCarriedQuestion(thread_id: string): string | undefined {
  const { question, ...rest } = carried.get(thread_id) ?? {};
  carried.set(thread_id, rest);
  return question;
}

/** The reference that a thread was begun with. */
export const findCarriedReference = (thread_id: string): Reference | undefined =>
  carried.get(thread_id)?.reference;
