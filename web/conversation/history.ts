import { newId } from "./new-id";

/** A conversation that this browser began. */
export type KnownThread = { id: string; course_id: string; title: string; at: number };

const STORED = "lectern-threads";
const MAX_THREADS = 200;
const MAX_TITLE = 120;
/** Threads without a question. */
const begun = new Set<string>();

/** The conversations of this browser, newest first. Servers without users show everyone's, so theirs is not used. */
export function listThreads(course_id: string): KnownThread[] {
  return readAll().filter((thread) => thread.course_id === course_id);
}

export function rememberThread(thread: Omit<KnownThread, "at">): void {
  begun.delete(thread.id);
  const others = readAll().filter(({ id }) => id !== thread.id);
  const title = thread.title.slice(0, MAX_TITLE);
  write([{ ...thread, title, at: Date.now() }, ...others].slice(0, MAX_THREADS));
}

export const forgetThread = (id: string): void =>
  write(readAll().filter((thread) => thread.id !== id));

function readAll(): KnownThread[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(stored) ? (stored as KnownThread[]) : [];
  } catch {
    return [];
  }
}

function write(threads: KnownThread[]): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(threads));
  } catch {
    // Storage can be full or forbidden. The address still names the conversation.
  }
}

/** A new thread; it is not on the server yet. */
export function beginThread(): string {
  const id = newId();
  begun.add(id);
  return id;
}

/** True for a thread without a question, so there is nothing to read from the server. */
export const isNewThread = (id: string): boolean => begun.has(id);
