import type { Asset } from "@lectern/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { lectern } from "../server/client";

/** The server deletes at once and for ever, so the page waits this long before it asks for it. */
const UNDO_MS = 8_000;

/** Deletes with a time to undo. A tab that is closed within this time deletes nothing. */
export function usePendingDeletes(onDeleted: () => void) {
  const [pending, setPending] = useState<Asset[]>([]);
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running.values()) clearTimeout(timer);
    };
  }, []);
  const forget = useCallback((id: string) => {
    timers.current.delete(id);
    setPending((old) => old.filter((asset) => asset.id !== id));
  }, []);
  const begin = useCallback(
    (asset: Asset) => {
      setPending((old) => [...old, asset]);
      const timer = setTimeout(async () => {
        const params = { path: { id: asset.id } };
        const path = asset.kind === "lecture" ? "/api/lectures/{id}" : "/api/documents/{id}";
        await lectern.DELETE(path, { params }).catch(() => undefined);
        onDeleted();
        forget(asset.id);
      }, UNDO_MS);
      timers.current.set(asset.id, timer);
    },
    [onDeleted, forget],
  );
  const last = pending.at(-1);
  const undo = useCallback(() => {
    if (!last) return;
    clearTimeout(timers.current.get(last.id));
    forget(last.id);
  }, [last, forget]);
  return { begin, undo, last, isPending: (id: string) => pending.some((one) => one.id === id) };
}
