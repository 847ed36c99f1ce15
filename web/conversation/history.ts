import { newId } from "./new-id";

/** A conversation that this browser began. */
export type KnownThread = { id: string; course_id: string; title: string; at: number };

const STORED = "lectern-threads";
const MAX_THREADS = 200;
const MAX_TITLE = 120;
/** Threads without a question. */
const begun = new Set<string>();
/** The threads that this tab began, newest first: a reload shows one without a question as new. */
const STORED_BEGUN = "lectern-begun";
const MAX_BEGUN = 20;

const listeners = new Set<() => void>();

/** Calls a listener after each change of the stored conversations, also by another tab. */
export function subscribeThreads(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", listener);
  };
}

/** The stored conversations as text: equal if nothing changed. */
export function readThreads(): string {
  try {
    return localStorage.getItem(STORED) ?? "[]";
  } catch {
    return "[]";
  }
}

/**
 * The conversations of this browser in a course, newest first. Servers without users show everyone's, so theirs
 * is not used.
 *
 * @param stored from `readThreads`
 */
export const listThreads = (stored: string, course_id: string): KnownThread[] =>
  parse(stored).filter((thread) => thread.course_id === course_id);

export function rememberThread(thread: Omit<KnownThread, "at">): void {
  begun.delete(thread.id);
  const others = readAll().filter(({ id }) => id !== thread.id);
  const title = thread.title.slice(0, MAX_TITLE);
  write([{ ...thread, title, at: Date.now() }, ...others].slice(0, MAX_THREADS));
}

export const forgetThread = (id: string): void =>
  write(readAll().filter((thread) => thread.id !== id));

const readAll = (): KnownThread[] => parse(readThreads());

function parse(text: string): KnownThread[] {
  try {
    const stored: unknown = JSON.parse(text);
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
  for (const listener of listeners) listener();
}

/** A new thread; it is not on the server yet. */
export function beginThread(): string {
  const id = newId();
  begun.add(id);
  try {
    const stored = [id, ...listBegun()].slice(0, MAX_BEGUN);
    sessionStorage.setItem(STORED_BEGUN, stored.join(" "));
  } catch {
    // Without storage, a reload shows the thread as missing until its first question.
  }
  return id;
}

/** True if this tab began the thread, also before a reload. */
export const isBegunHere = (id: string): boolean => listBegun().includes(id);

function listBegun(): string[] {
  try {
    return (sessionStorage.getItem(STORED_BEGUN) ?? "").split(" ").filter(Boolean);
  } catch {
    return [];
  }
}

/** True for a thread without a question, so there is nothing to read from the server. */
export const isNewThread = (id: string): boolean => begun.has(id);
