import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "@opentelemetry/api";

/** The request or the attempt of a job that the current code works for. */
export type WorkContext = {
  /** The HTTP request; for a job the one that created it. */
  readonly request_id?: string;
  readonly job_id?: string;
  readonly asset_id?: string;
  readonly course_id?: string;
  /** The span of the trace, while traces are sent. */
  readonly span?: Span;
};

const contexts = new AsyncLocalStorage<WorkContext>();

/** The context of the caller; empty outside of requests and jobs. */
export const workContext = (): WorkContext => contexts.getStore() ?? NOTHING;
const NOTHING: WorkContext = {};

/** Runs work, and all that it starts, in this context. */
export const runInContext = <T>(context: WorkContext, work: () => T): T =>
  contexts.run(context, work);
