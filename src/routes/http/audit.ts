import type { AnyElysia } from "elysia";
import type { Config } from "../../config";
import type { AuditSender, NewAuditEvent } from "../../db/access/audit";
import type { AuditWriter } from "../../db/access/audit-writer";
import { AppError, ERRORS } from "../../errors";
import { identifiedSender } from "./auth";
import { clientAddress } from "./client-address";
import { requestId } from "./problems";

/** The part of an event that its request does not say. */
export type AuditFacts = Pick<NewAuditEvent, "event_type"> &
  Partial<Pick<NewAuditEvent, "target" | "course_id" | "details">>;

/** The sender of a request, for events that are part of the statement that makes the change. */
export function auditSender(request: Request): AuditSender {
  const { route, principal } = identifiedSender(request);
  const { key_id, user_id } = principal;
  return { key_id, user_id, route, request_id: requestId(request) };
}

/** Records an event with the key, user, route and id of the request that causes it. */
export function recordAudit(audit: AuditWriter, request: Request, facts: AuditFacts): void {
  audit.record({
    course_id: null,
    target: null,
    details: {},
    ...facts,
    ...auditSender(request),
    address: null,
    count: 1,
    created_at: null,
  });
}

type DenialDeps = { audit: AuditWriter; config: Pick<Config, "TRUSTED_PROXIES"> };

/** Records the requests that are answered with 401 or 403. Must be used before the handler of errors. */
export const auditDenials =
  ({ audit, config }: DenialDeps) =>
  (app: AnyElysia) =>
    app.onError({ as: "global" }, ({ error, request, server }) => {
      if (!(error instanceof AppError)) return;
      const { status } = ERRORS[error.errorCode];
      if (status !== 401 && status !== 403) return;
      const { route, principal } = identifiedSender(request);
      const { key_id, user_id } = principal;
      const isKnown = key_id !== null || user_id !== null;
      audit.countDenial({
        key_id,
        user_id,
        address: isKnown ? null : clientAddress(request, server, config.TRUSTED_PROXIES),
        route,
        request_id: requestId(request),
        course_id: null,
        target: null,
        details: { code: error.errorCode },
      });
    });
