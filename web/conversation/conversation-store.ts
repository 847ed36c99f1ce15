import type { Exchange, Reference } from "./exchange";

export type ConversationState = {
  /** `loading` while a stored conversation is read; `unread` if it cannot be read now. */
  status: "loading" | "ready" | "running" | "missing" | "unread";
  /** Why the server did not send the stored conversation; undefined if it cannot be reached. */
  unreadReason: string | undefined;
  exchanges: Exchange[];
  references: ReadonlyMap<number, Reference>;
  /** A question that was not sent, because the server could not be reached. */
  unsent: string | undefined;
  keyRefused: boolean;
};

type AnswerPart = Exchange["parts"][number];

/** Rendering takes this share of the time at most: a long list or table that grows is parsed and laid out as a whole. */
const RENDER_SHARE = 0.04;
const FRAME_MS = 16;
const HIDDEN_MS = 100;

/** The state of a conversation, which the page renders. Subscribers are called at most once a frame. */
export class ConversationStore {
  readonly #listeners = new Set<() => void>();
  #state: ConversationState = {
    status: "ready",
    unreadReason: undefined,
    exchanges: [],
    references: new Map(),
    unsent: undefined,
    keyRefused: false,
  };
  #isScheduled = false;
  /** Earliest time of the next notification, on the clock of `performance.now()`. */
  #nextRender = 0;

  readonly getState = (): ConversationState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The last question with its answer. There is one while a run is in progress. */
  get last(): Exchange {
    return this.#state.exchanges.at(-1)!;
  }

  add(exchange: Exchange): void {
    this.change({ exchanges: [...this.#state.exchanges, exchange] });
  }

  replaceLast(exchange: Exchange): void {
    this.change({ exchanges: [...this.#state.exchanges.slice(0, -1), exchange] });
  }

  /** Does nothing in an empty conversation. */
  updateLast(fields: Partial<Exchange>): void {
    if (this.last) this.replaceLast({ ...this.last, ...fields });
  }

  /** Updates a part of the last answer. */
  updatePart(id: string, update: (part: AnswerPart) => AnswerPart): void {
    this.updateLast({
      parts: this.last.parts.map((part) => (part.id === id ? update(part) : part)),
    });
  }

  /** Adds references, or replaces those with the same number. */
  putReferences(references: readonly Reference[]): void {
    const merged = new Map(this.#state.references);
    for (const reference of references) merged.set(reference.number, reference);
    this.change({ references: merged });
  }

  change(fields: Partial<ConversationState>): void {
    // Shown in the next frame: a quick answer can begin and end before a slow one is rendered again.
    const isUrgent = fields.status !== undefined && fields.status !== this.#state.status;
    this.#state = { ...this.#state, ...fields };
    if (this.#isScheduled && !isUrgent) return;
    this.#isScheduled = true;
    const wait = isUrgent ? 0 : this.#nextRender - performance.now();
    // A hidden tab has no frames.
    if (document.hidden) setTimeout(this.#notify, HIDDEN_MS);
    else if (wait > FRAME_MS)
      setTimeout(() => requestAnimationFrame(this.#notify), wait - FRAME_MS);
    else requestAnimationFrame(this.#notify);
  }

  readonly #notify = (): void => {
    this.#isScheduled = false;
    const started = performance.now();
    for (const listener of this.#listeners) listener();
    // React renders in a microtask that it queued before this one.
    queueMicrotask(() => {
      const ended = performance.now();
      this.#nextRender = ended + (ended - started) / RENDER_SHARE;
    });
  };
}
