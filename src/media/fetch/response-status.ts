import { AppError } from "../../errors";
import type { Fetched } from "./guarded-fetch";
import { readRetryAfter } from "./retry-after";

/**
 * Checks that a response carries media; the body of any other response is discarded.
 *
 * @throws AppError `media_refused`, `provider_rate_limited`, `provider_unavailable`
 */
export function assertMediaResponse(fetched: Fetched): void {
  const failure = toMediaFailure(fetched);
  if (!failure) return;
  fetched.discard();
  throw failure;
}

function toMediaFailure(fetched: Fetched): AppError | null {
  const { status, url } = fetched;
  const details = { host: url.host, status };
  if ([401, 403, 404, 410].includes(status)) return new AppError("media_refused", details);
  if (status !== 200 && status !== 206) return toServerFailure(fetched);
  // With an expired sign-in, Panopto sends its login page.
  return isHtml(fetched)
    ? new AppError("media_refused", { ...details, reason: "a web page" })
    : null;
}

/** Converts an unexpected status: 429 asks to slow down, any other is a fault of the server. */
export function toServerFailure({ status, url, headers }: Fetched): AppError {
  const details = { host: url.host, status };
  if (status !== 429) return new AppError("provider_unavailable", details);
  const retry_after_ms = readRetryAfter(headers) ?? 1_000;
  return new AppError("provider_rate_limited", { ...details, retry_after_ms });
}

const isHtml = ({ headers }: Fetched): boolean =>
  headers.get("content-type")?.toLowerCase().startsWith("text/html") ?? false;
