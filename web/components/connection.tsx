import { useEffect, useEffectEvent } from "react";
import { BASE_URL } from "../server/base-url";
import { strings } from "../text/strings";

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
const TIMEOUT_MS = 10_000;

/** Says that the server cannot be reached, and asks for its health with backoff until it answers. */
export function Connection({ onBack }: { onBack: () => void }) {
  const notify = useEffectEvent(onBack);
  useEffect(() => {
    let delay = FIRST_DELAY_MS;
    let timer: ReturnType<typeof setTimeout>;
    const check = async () => {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await fetch(`${BASE_URL}/api/health`, { signal }).catch(() => undefined);
      // A proxy answers with HTML while its server is down.
      const isOurs = answer?.headers.get("content-type")?.includes("json") ?? false;
      if (isOurs) return notify();
      delay = Math.min(2 * delay, MAX_DELAY_MS);
      timer = setTimeout(check, delay);
    };
    timer = setTimeout(check, delay);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="banner" role="status">
      {strings.reconnecting}
    </p>
  );
}
