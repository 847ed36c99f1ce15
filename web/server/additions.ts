import { dataOf } from "@lectern/client";
import { problemTitle } from "../text/problem-titles";
import { strings } from "../text/strings";
import { lectern, reasonOf } from "./client";
import { addFile, replaceRecording, uploadRouteOf } from "./upload";

/** Material on its way to the server: a file or addresses. */
export type Addition = {
  id: number;
  course_id: string;
  name: string;
  /** The sent share, 0 to 1; undefined for addresses. */
  share: number | undefined;
  /** Why it was not added. */
  problem: string | undefined;
};

type Work = (options: {
  onProgress: (share: number) => void;
  signal: AbortSignal;
}) => Promise<unknown>;

/** Makes the browser ask, because a page that is left or loaded again ends its uploads. */
const askToStay = (event: Event) => event.preventDefault();

/**
 * The files and addresses that the reader adds to courses. They belong to the page and not to a component, so that
 * they continue in another conversation or course. One addition is sent after the other.
 */
class Additions {
  #items: readonly Addition[] = [];
  readonly #work = new Map<number, Work>();
  readonly #listeners = new Set<() => void>();
  readonly #aborts = new Map<number, AbortController>();
  readonly #collections = new Map<string, string[]>();
  #count = 0;
  #isSending = false;

  readonly getItems = (): readonly Addition[] => this.#items;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  addFiles(course_id: string, files: Iterable<File>): void {
    for (const file of files) {
      if (uploadRouteOf(file.name)) {
        this.#add(course_id, file.name, (options) => addFile(file, course_id, options));
      } else {
        this.#refuse(course_id, file.name, strings.unsupportedFile);
      }
    }
  }

  /** Gives a lecture audio or a transcript from a file. */
  replaceRecording(course_id: string, lecture_id: string, file: File): void {
    this.#add(course_id, file.name, (options) => replaceRecording(file, lecture_id, options));
  }

  /** Adds recordings. A refused address does not reject the others. */
  addAddresses(course_id: string, urls: string[]): void {
    const [url = ""] = urls;
    const name = urls.length === 1 ? url : strings.countAddresses(urls.length);
    this.#add(course_id, name, async () => {
      const params = { path: { id: course_id } };
      const body = { urls, transcription: true, visible_from: null, sync_every_hours: null };
      const answer = await dataOf(lectern.POST("/api/courses/{id}/sources", { params, body }));
      for (const { url, code, message } of "rejected" in answer ? answer.rejected : []) {
        this.#refuse(course_id, url, problemTitle(code) ?? message);
      }
    });
  }

  /** Keeps folders and feeds of Panopto until the course shows what they would add. */
  keepCollections(course_id: string, urls: string[]): void {
    this.#collections.set(course_id, urls);
  }

  /** The kept folders and feeds; empty the second time. */
  takeCollections(course_id: string): string[] {
    const urls = this.#collections.get(course_id) ?? [];
    this.#collections.delete(course_id);
    return urls;
  }

  /** Removes an addition. One that is being sent is cancelled. */
  remove(id: number): void {
    this.#aborts.get(id)?.abort(new Error("removed"));
    this.#work.delete(id);
    this.#change(this.#items.filter((one) => one.id !== id));
  }

  /** Sends an addition again that failed. */
  retry(id: number): void {
    this.#update(id, { problem: undefined, share: 0 });
    void this.#send();
  }

  /** An addition that failed can be sent again; one of a kind that no route takes cannot. */
  canRetry(id: number): boolean {
    return this.#work.has(id);
  }

  #add(course_id: string, name: string, work: Work): void {
    const id = this.#count++;
    this.#work.set(id, work);
    this.#change([...this.#items, { id, course_id, name, share: undefined, problem: undefined }]);
    void this.#send();
  }

  #refuse(course_id: string, name: string, problem: string): void {
    this.#change([
      ...this.#items,
      { id: this.#count++, course_id, name, share: undefined, problem },
    ]);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    addEventListener("beforeunload", askToStay);
    for (;;) {
      const next = this.#items.find(({ problem }) => problem === undefined);
      const work = next && this.#work.get(next.id);
      if (!next || !work) break;
      const abort = new AbortController();
      this.#aborts.set(next.id, abort);
      try {
        const onProgress = (share: number) => this.#update(next.id, { share });
        await work({ onProgress, signal: abort.signal });
        this.remove(next.id);
      } catch (error) {
        if (!abort.signal.aborted) this.#update(next.id, { problem: reasonOf(error) });
      } finally {
        this.#aborts.delete(next.id);
      }
    }
    this.#isSending = false;
    removeEventListener("beforeunload", askToStay);
  }

  #update(id: number, fields: Partial<Addition>): void {
    this.#change(this.#items.map((one) => (one.id === id ? { ...one, ...fields } : one)));
  }

  #change(items: readonly Addition[]): void {
    this.#items = items;
    for (const listener of this.#listeners) listener();
  }
}

export const additions = new Additions();
