import { type Course, dataOf, itemsOf, type operations } from "@lectern/client";
import { useCallback, useEffect, useState } from "react";
import { lectern } from "./client";

async function listCourses(): Promise<Course[]> {
  const courses: Course[] = [];
  const read = (cursor: string | undefined) =>
    lectern.GET("/api/courses", { params: { query: { limit: 200, ...(cursor && { cursor }) } } });
  for await (const course of itemsOf(read)) courses.push(course);
  return courses;
}

const readSettings = (): Promise<PageSettings> => dataOf(lectern.GET("/api/agui/config"));

/** Requests that were sent before the page is rendered. */
const first: { courses?: Promise<Course[]>; settings?: Promise<PageSettings> } = {};

/** Sends the requests of the first `useCourses` and `usePageSettings`, which use the answers once. */
export function requestFirst(): void {
  first.courses = listCourses();
  first.settings = readSettings();
  // A failure is reported where the answer is used.
  first.courses.catch(() => {});
  first.settings.catch(() => {});
}

function takeFirst<K extends keyof typeof first>(name: K): (typeof first)[K] {
  const request = first[name];
  delete first[name];
  return request;
}

/** The courses that the reader can see; undefined while they are read. */
export function useCourses() {
  const [result, setResult] = useState<{ courses?: Course[]; error?: unknown }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    (takeFirst("courses") ?? listCourses()).then(
      (courses) => isCurrent && setResult({ courses }),
      (error: unknown) => isCurrent && setResult((old) => ({ ...old, error })),
    );
    return () => {
      isCurrent = false;
    };
  }, [round]);
  const reload = useCallback(() => setRound((old) => old + 1), []);
  return { ...result, reload };
}

type PageSettings =
  operations["getChatPageSettings"]["responses"]["200"]["content"]["application/json"];

/** The sender of this page's requests, as the server sees it. */
export type Caller = PageSettings["caller"];

/** True if the server lets the reader add and change sources. */
export const canIngest = (caller: Caller | undefined): boolean =>
  caller?.scopes.some((scope) => scope === "ingest" || scope === "admin") ?? false;

/**
 * The settings of the page; undefined until they are read.
 *
 * @param key of the reader, who has other rights with another one
 */
export function usePageSettings(key: string | null): PageSettings | undefined {
  const [settings, setSettings] = useState<PageSettings>();
  useEffect(() => {
    (takeFirst("settings") ?? readSettings()).then(setSettings, () => {});
  }, [key]);
  return settings;
}
