import { dataOf } from "@lectern/client";
import { useEffect, useState } from "react";

type Answer<T> = { data?: T; error?: unknown; response: Response };

/**
 * Data of the server; undefined while it is read.
 *
 * @param key what `read` reads; another key reads again
 */
export function useData<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<Answer<T>>,
): { data?: T; error?: unknown } {
  const [result, setResult] = useState<{ key: string; data?: T; error?: unknown }>();
  useEffect(() => {
    const leaving = new AbortController();
    dataOf(read(leaving.signal)).then(
      (data) => setResult({ key, data }),
      (error: unknown) => {
        if (!leaving.signal.aborted) setResult({ key, error });
      },
    );
    return () => leaving.abort();
  }, [key]);
  return result?.key === key ? result : {};
}
