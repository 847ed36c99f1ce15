import { type Asset, dataOf, LecternError } from "@lectern/client";
import { lectern, reasonOf } from "./client";

/** The server deletes at once and permanently, so the page waits this long before it asks for it. */
const UNDO_MS = 8_000;

type FailedDeletion = { title: string | null; reason: string };

/**
 * Deletes with a time to undo. It belongs to the page and not to a component, so that another conversation
 * does not end it. A tab that is closed within this time deletes nothing.
 */
class Deletions {
  #pending: readonly Asset[] = [];
  #failed: FailedDeletion | undefined;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<() => void>();

  readonly getPending = (): readonly Asset[] => this.#pending;

  /** The last deletion that the server refused; undefined after the next one begins. */
  readonly getFailed = (): FailedDeletion | undefined => this.#failed;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  begin(asset: Asset): void {
    this.#failed = undefined;
    this.#change([...this.#pending, asset]);
    this.#timers.set(
      asset.id,
      setTimeout(() => void this.#send(asset), UNDO_MS),
    );
  }

  /** False as soon as the server has the request. */
  readonly canUndo = ({ id }: Asset): boolean => this.#timers.has(id);

  readonly undoLast = (): void => {
    const last = this.#pending.findLast(this.canUndo);
    if (!last) return;
    clearTimeout(this.#timers.get(last.id));
    this.#forget(last.id);
  };

  async #send({ id, kind, title }: Asset): Promise<void> {
    const params = { path: { id } };
    const path = kind === "lecture" ? "/api/lectures/{id}" : "/api/documents/{id}";
    this.#timers.delete(id);
    this.#change([...this.#pending]);
    try {
      await dataOf(lectern.DELETE(path, { params }));
    } catch (error) {
      const isGone = error instanceof LecternError && error.status === 404;
      if (!isGone) this.#failed = { title, reason: reasonOf(error) };
    }
    this.#forget(id);
  }

  #forget(id: string): void {
    this.#timers.delete(id);
    this.#change(this.#pending.filter((asset) => asset.id !== id));
  }

  #change(pending: readonly Asset[]): void {
    this.#pending = pending;
    for (const listener of this.#listeners) listener();
  }
}

export const deletions = new Deletions();
