import { type Asset, createLecternClient, followEvents, itemsOf } from "@lectern/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { BASE_URL } from "./base-url";
import { isUnreachable, lectern } from "./client";
import { findKey } from "./credential";
import { fetchStream } from "./fetch-stream";

/** Events come in bursts. The list is read at most once in this time, in milliseconds. */
const BURST_MS = 300;
/** The pause after a lost connection, in milliseconds. */
const RECONNECT_MS = 2_000;

async function listAssets(id: string): Promise<Asset[]> {
  const assets: Asset[] = [];
  const read = (cursor: string | undefined) =>
    lectern.GET("/api/courses/{id}/assets", {
      params: { path: { id }, query: { limit: 200, ...(cursor && { cursor }) } },
    });
  for await (const asset of itemsOf(read)) assets.push(asset);
  return assets;
}

/** The lectures and documents of a course, read again after each event; undefined until they are read. */
export function useAssets(course_id: string): { assets: Asset[] | undefined; reload: () => void } {
  const [assets, setAssets] = useState<Asset[]>();
  /** Requests so far, and the newest whose answer is shown: an older answer can arrive later. */
  const rounds = useRef({ sent: 0, shown: 0 });
  /** The course whose list is read at the end of this update of the page: several causes need one request. */
  const queued = useRef<string>(undefined);
  const reload = useCallback(() => {
    if (queued.current === course_id) return;
    queued.current = course_id;
    queueMicrotask(() => {
      queued.current = undefined;
      const round = ++rounds.current.sent;
      const show = (read: Asset[]) => {
        if (round < rounds.current.shown) return;
        rounds.current.shown = round;
        setAssets(read);
      };
      listAssets(course_id).then(show, () => {});
    });
  }, [course_id]);
  useEffect(() => {
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    reload();
    const reloadSoon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        reload();
      }, BURST_MS);
    };
    let attempts = 0;
    const feed = createLecternClient({
      baseUrl: BASE_URL,
      apiKey: findKey,
      fetch: async (request) => {
        attempts++;
        const response = await fetchStream(request);
        // The list can be missing or old after a time without a connection.
        if (attempts > 1 && response.ok) reloadSoon();
        return response;
      },
    });
    const follow = async (): Promise<void> => {
      try {
        const { signal } = leaving;
        for await (const _ of followEvents(feed, { query: { course_id }, signal })) reloadSoon();
      } catch (error) {
        // Without the events the list is still right after each action of the reader.
        if (leaving.signal.aborted || !isUnreachable(error)) return;
        retry = setTimeout(() => void follow(), RECONNECT_MS);
      }
    };
    void follow();
    return () => {
      leaving.abort();
      clearTimeout(timer);
      clearTimeout(retry);
    };
  }, [course_id, reload]);
  return { assets, reload };
}
