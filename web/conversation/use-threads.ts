import { type ChatSessionSummary, dataOf, LecternError } from "@lectern/client";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { lectern, reasonOf } from "../server/client";
import type { Caller } from "../server/courses";
import { isShared } from "../server/credential";
import { strings } from "../text/strings";
import {
  forgetThread,
  type KnownThread,
  listThreads,
  readThreads,
  rememberThread,
  subscribeThreads,
} from "./history";

/** The newest conversations of the server that are shown. */
const SHOWN = 100;

/**
 * The conversations of the reader in a course, newest first.
 *
 * Users of the institution's login get theirs from the server, on every device. The holder of a key sees
 * those of this browser, because others can have the same key, and can ask for the rest.
 */
export function useThreads(course_id: string, caller: Caller | undefined) {
  const [round, setRound] = useState(0);
  const [stored, setStored] = useState<KnownThread[]>([]);
  const [isAll, setAll] = useState(false);
  const [problem, setProblem] = useState<string>();
  const isUser = caller?.kind === "user";
  const canAsk = caller?.kind === "key" || caller?.kind === "open";
  const isRead = isUser || (canAsk && isAll);
  // Each round reads the list again.
  useEffect(() => {
    let isCurrent = true;
    if (isRead) {
      readStored(course_id).then(
        (threads) => isCurrent && setStored(threads),
        (error: unknown) => isCurrent && setProblem(reasonOf(error)),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [course_id, isRead, round]);

  /** False if the server refused it. */
  const change = useCallback(async (work: () => Promise<void>): Promise<boolean> => {
    let reason: string | undefined;
    try {
      await work();
    } catch (error) {
      reason = reasonOf(error);
    }
    setProblem(reason);
    setRound((old) => old + 1);
    return reason === undefined;
  }, []);
  // Behind a share link, stored conversations cannot be read.
  const text = useSyncExternalStore(subscribeThreads, readThreads);
  const own = isShared() ? [] : listThreads(text, course_id);
  const known = new Set(own.map(({ id }) => id));
  const threads = [...own, ...(isRead ? stored : []).filter(({ id }) => !known.has(id))];
  return {
    threads: threads.sort((a, b) => b.at - a.at),
    canShowAll: canAsk && !isAll,
    showAll: () => setAll(true),
    problem,
    rename: (id: string, session_label: string) =>
      change(async () => {
        const params = { path: { id } };
        const body = { session_label };
        const { updated_at } = await dataOf(
          lectern.PATCH("/api/chat/sessions/{id}", { params, body }),
        );
        if (known.has(id)) rememberThread({ id, course_id, title: session_label });
        setStored((old) =>
          old.map((one) =>
            one.id === id ? { ...one, title: session_label, at: Date.parse(updated_at) } : one,
          ),
        );
      }),
    remove: (id: string) =>
      change(async () => {
        const params = { path: { id } };
        await dataOf(lectern.DELETE("/api/chat/sessions/{id}", { params })).catch(ignoreMissing);
        forgetThread(id);
        setStored((old) => old.filter((one) => one.id !== id));
      }),
  };
}

/** A conversation that is not on the server is deleted already. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof LecternError && error.status === 404)) throw error;
}

async function readStored(course_id: string): Promise<KnownThread[]> {
  const query = { course_id, limit: SHOWN };
  const { items } = await dataOf(lectern.GET("/api/chat/sessions", { params: { query } }));
  return items.filter(({ message_count }) => message_count > 0).map(toThread);
}

const toThread = (session: ChatSessionSummary): KnownThread => ({
  id: session.id,
  course_id: session.course_id,
  title: session.session_label ?? session.last_message?.excerpt ?? strings.untitled,
  at: Date.parse(session.updated_at),
});
