import { useMemo, useSyncExternalStore } from "react";
import { formatRoute, parseRoute, type Route } from "./route";

const CHANGED = "lectern-route";

function subscribe(onChange: () => void): () => void {
  for (const event of ["hashchange", "popstate", CHANGED]) addEventListener(event, onChange);
  return () => {
    for (const event of ["hashchange", "popstate", CHANGED]) removeEventListener(event, onChange);
  };
}

/** The route of the address. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Shows a route. `replace` adds no entry to the history, so Back skips the present one. */
export function navigate(route: Route, { replace = false } = {}): void {
  const hash = formatRoute(route);
  if (hash === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", hash);
  dispatchEvent(new Event(CHANGED));
}
