import type { Asset } from "@lectern/client";
import { lectern } from "./client";

/** The server deletes at once and permanently, so the page waits this long before it asks for it. */
const UNDO_MS = 8_000;

/**
 * Deletes with a time to undo. It belongs to the page and not to a component, so that another conversation
 * does not end it. A tab that is closed within this time deletes nothing.
 */
class Deletions {
  #pending: readonly Asset[] = [];
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<() => void>();

  readonly getPending = (): readonly Asset[] => this.#pending;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  begin(asset: Asset): void {
    this.#change([...this.#pending, asset]);
    this.#timers.set(
      asset.id,
      setTimeout(() => void this.#send(asset), UNDO_MS),
    );
  }

  readonly undoLast = (): void => {
    const last = this.#pending.at(-1);
    if (!last) return;
    clearTimeout(this.#timers.get(last.id));
    this.#forget(last.id);
  };

  async #send({ id, kind }: Asset): Promise<void> {
    const params = { path: { id } };
    const path = kind === "lecture" ? "/api/lectures/{id}" : "/api/documents/{id}";
    await lectern.DELETE(path, { params }).catch(() => undefined);
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
