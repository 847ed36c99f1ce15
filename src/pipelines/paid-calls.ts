import { z } from "zod";
import type { Config } from "../config";
import type { Sql } from "../db/client";
import type { ClaimToken } from "../db/jobs/jobs";
import {
  BREAKER,
  type Budgets,
  beginCall,
  beginUnbilledCall,
  type CallEnd,
  type CallLimits,
  type ExceededBudget,
  finishCall,
  providerWaitSeconds,
  reportToBreaker,
  storeRequestId,
} from "../db/jobs/provider-calls";
import { throughOutages } from "../db/outage";
import { AppError, PROVIDER_OUTAGES } from "../errors";
import type { Log } from "../log";
import { NO_ADDRESS } from "../media/fetch/addresses";
import type { OnProviderCall } from "../metrics";
import { pause } from "../pause";
import { inCallSpan, usageAttributes } from "../providers/call-span";
import type {
  BillableRequest,
  CallReceipt,
  CallUsage,
  PaidAnswer,
  PaidCalls,
} from "../providers/paid-calls";
import { type AnswerKey, AnswerSpool } from "../storage/answer-spool";

/** The settings for all calls of an installation. */
export type CallPolicy = {
  /** Maximum concurrent calls in the whole fleet, by provider. */
  maxConcurrent(provider: string): number;
  maxFailures: number;
  probeSeconds: number;
  budgets: Budgets;
  /** Maximum wait for a call while its provider already has the allowed number of concurrent calls. */
  turnMs: number;
  /** Keeps expensive answers on the disk until they are stored; null: in memory only. */
  answers: AnswerSpool | null;
  /** Receives each call that ended, for the metrics. */
  onCall: OnProviderCall;
};

const DEFAULT_CONCURRENCY = 16;

export const DEFAULT_POLICY: CallPolicy = {
  ...BREAKER,
  maxConcurrent: () => DEFAULT_CONCURRENCY,
  budgets: {},
  turnMs: 60_000,
  answers: null,
  onCall: () => {},
};

/** The policy of the settings. */
export const openCallPolicy = (
  config: Pick<
    Config,
    "DATA_ROOT" | "PROVIDER_CONCURRENCY" | "BUDGET_ASSET" | "BUDGET_COURSE" | "BUDGET_DAY"
  >,
  log: Log,
  onCall: OnProviderCall,
): CallPolicy => ({
  ...DEFAULT_POLICY,
  onCall,
  answers: new AnswerSpool(config.DATA_ROOT, log),
  maxConcurrent: (provider) => config.PROVIDER_CONCURRENCY[provider] ?? DEFAULT_CONCURRENCY,
  budgets: { asset: config.BUDGET_ASSET, course: config.BUDGET_COURSE, day: config.BUDGET_DAY },
});

/** Pause between two looks whether it is a call's turn. */
const TURN_POLL_MS = 250;
/** An unusable answer is bought at most this often. */
const MAX_UNUSABLE = 2;
/** Closing a receipt outlives the attempt that made the call, so its signal is not the attempt's. */
const CLOSE_TIMEOUT_MS = 60_000;

/** An answer on the disk, with its receipt. */
const KeptAnswer = z.object({
  call_id: z.uuid(),
  usage: z.record(z.string(), z.number()),
  /** As the provider's code returned it. */
  result: z.unknown(),
});
type KeptAnswer = z.infer<typeof KeptAnswer>;

/** Calls whose answers are kept on the disk. */
export type KeptCalls = PaidCalls & {
  /** The rows of the work are stored: removes the kept answers. */
  stored(): Promise<void>;
};

/** The receipts of one attempt of a job, or of work without a job (`token` null). */
export class CallRecorder {
  readonly #sql: Sql;
  readonly #token: ClaimToken | null;
  readonly #course_id: string | null;
  readonly #signal: AbortSignal;
  readonly #policy: CallPolicy;

  /** @param course_id  of work without a job, whose cost counts for the budgets of the course */
  constructor(
    sql: Sql,
    token: ClaimToken | null,
    signal: AbortSignal,
    policy: CallPolicy,
    course_id: string | null = null,
  ) {
    this.#sql = sql;
    this.#token = token;
    this.#course_id = course_id;
    this.#signal = signal;
    this.#policy = policy;
  }

  /**
   * Fails early, before work that is useless while the provider is unreachable.
   *
   * @throws AppError `provider_waiting`
   */
  async assertReachable(provider: string): Promise<void> {
    const seconds = await providerWaitSeconds(this.#sql, provider);
    if (seconds > 0) throw waiting(provider, seconds);
  }

  /**
   * Makes a request that is not billed, such as one to a recording site, through the circuit breaker of its
   * service.
   *
   * @throws AppError `provider_waiting`; the errors of `request`, those of an outage with the service
   */
  async unbilled<T>(service: string, request: () => Promise<T>): Promise<T> {
    const begin = () => beginUnbilledCall(this.#sql, service, this.#policy);
    const seconds = await throughOutages(begin, this.#signal);
    if (seconds > 0) throw waiting(service, seconds);
    const report = (end: CallEnd) =>
      throughOutages(() => reportToBreaker(this.#sql, service, end, this.#policy), this.#signal);
    let result: T;
    try {
      result = await inCallSpan("request", service, null, request);
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof AppError)) throw error;
      // A host without an address is a wrong address, not an outage: the attempts of its job count.
      const isKnown = error.details.reason !== NO_ADDRESS;
      const end = this.#endOf(error, {});
      if (isKnown) await report(end);
      if (!isKnown || end.outcome !== "outage") throw error;
      throw new AppError(error.errorCode, { ...error.details, service }, { cause: error });
    }
    await report({ outcome: "ok", usage: {} });
    return result;
  }

  /** The calls for one piece of work. */
  for(purpose: string, call_key: string): PaidCalls {
    return { run: (call, request) => this.#run({ purpose, call_key }, call, request) };
  }

  /** Calls to a model on this machine: they are measured, and have no receipt and no circuit breaker. */
  local(purpose: string): PaidCalls {
    const { onCall } = this.#policy;
    return {
      run: async ({ service: provider, model }, request) => {
        const started = performance.now();
        const report = (outcome: "ok" | "error", error_code: string | null) => {
          const seconds = (performance.now() - started) / 1_000;
          onCall({ provider, model, purpose, outcome, error_code, seconds, usage: {} });
        };
        try {
          const { result } = await inCallSpan(purpose, provider, model, () =>
            request({ request_id: null, submitted: async () => {} }),
          );
          report("ok", null);
          return result;
        } catch (error) {
          report("error", error instanceof AppError ? error.errorCode : "internal");
          throw error;
        }
      },
    };
  }

  /**
   * The calls for work with expensive answers. Each usable answer is kept on the disk until `stored` is
   * called; if this process ends before, the next attempt on this machine uses the answer and makes no call.
   *
   * @param input  identifies the content that the provider reads, such as its SHA-256
   */
  keeping(purpose: string, call_key: string, input: string): KeptCalls {
    const { answers } = this.#policy;
    const job_id = this.#token?.job_id;
    if (!answers || !job_id) return { ...this.for(purpose, call_key), stored: async () => {} };

    const keys: AnswerKey[] = [];
    return {
      run: async <T>(
        call: BillableRequest,
        request: (receipt: CallReceipt) => Promise<PaidAnswer<T>>,
      ) => {
        const { service, model, unit } = call;
        const key = { job_id, content: [call_key, unit ?? "", service, model, input] };
        keys.push(key);
        const kept = KeptAnswer.safeParse(await answers.find(key)).data;
        if (kept) {
          const { call_id, usage, result } = kept;
          await this.#finish(call_id, { outcome: "ok", usage }, this.#limitsOf(service));
          return result as T;
        }
        const keep = (answer: KeptAnswer) => answers.keep(key, answer);
        return this.#run({ purpose, call_key, keep }, call, request);
      },
      stored: async () => {
        for (const key of keys) await answers.remove(key);
      },
    };
  }

  #limitsOf(service: string): CallLimits {
    return { ...this.#policy, maxConcurrent: this.#policy.maxConcurrent(service) };
  }

  async #run<T>(
    work: {
      purpose: string;
      call_key: string;
      keep?: (answer: KeptAnswer) => Promise<void>;
    },
    { service, model, unit, terms = [], estimate, isFree = false }: BillableRequest,
    request: (receipt: CallReceipt) => Promise<PaidAnswer<T>>,
  ): Promise<T> {
    const limits = this.#limitsOf(service);
    const { id, request_id } = await this.#begin(limits, {
      purpose: work.purpose,
      call_key: unit ? `${work.call_key}:${unit}` : work.call_key,
      provider: service,
      model,
      usage: estimate,
      terms,
      isFree,
    });
    let isSubmitted = request_id !== null;
    const submitted = (provider_id: string) => {
      isSubmitted = true;
      return throughOutages(() => storeRequestId(this.#sql, id, provider_id), this.#signal);
    };
    const { onCall } = this.#policy;
    const started = performance.now();
    const measure = ({ outcome, usage, error_code }: CallEnd) => {
      const seconds = (performance.now() - started) / 1_000;
      const state = outcome === "outage" ? "error" : outcome;
      const call = { provider: service, model, purpose: work.purpose, outcome: state } as const;
      onCall({ ...call, error_code: error_code ?? null, seconds, usage });
    };
    let answer: PaidAnswer<T>;
    try {
      answer = await inCallSpan(work.purpose, service, model, async (span) => {
        const answered = await request({ request_id, submitted });
        span.set(usageAttributes(answered.usage));
        return answered;
      });
    } catch (error) {
      const end = this.#endOf(error, estimate);
      measure(end);
      // Work that continues at the provider keeps its receipt open: the next attempt polls it.
      if (end.outcome === "lost" && isSubmitted) throw error;
      const unusable = await this.#finish(id, end, limits);
      throw explained(error, service, unusable);
    }
    const { result, usage, problem } = answer;
    if (!problem) await work.keep?.({ call_id: id, usage, result });
    const end: CallEnd = {
      outcome: problem ? "error" : "ok",
      usage,
      ...(problem && { error_code: problem }),
    };
    measure(end);
    await this.#finish(id, end, limits);
    return result;
  }

  async #begin(
    limits: CallLimits,
    call: Omit<Parameters<typeof beginCall>[1], "id" | "token" | "course_id">,
  ): Promise<{ id: string; request_id: string | null }> {
    const id = crypto.randomUUID();
    const work = { id, token: this.#token, course_id: this.#course_id };
    const deadline = performance.now() + this.#policy.turnMs;
    for (;;) {
      this.#signal.throwIfAborted();
      const found = await throughOutages(
        () => beginCall(this.#sql, { ...call, ...work }, limits),
        this.#signal,
      );
      switch (found.verdict) {
        case "go":
          return { id, request_id: null };
        case "resume":
          return { id: found.call_id, request_id: found.request_id };
        case "lost":
          throw new AppError("claim_lost");
        case "budget":
          throw overBudget(found.exceeded);
        case "open":
          throw waiting(call.provider, found.wait_seconds);
        case "busy":
          if (performance.now() > deadline) throw waiting(call.provider, 0);
          await pause(TURN_POLL_MS * (0.5 + Math.random()), this.#signal);
      }
    }
  }

  /** Closes the receipt even after the attempt has ended, because the answer is paid for. */
  #finish(id: string, end: CallEnd, limits: CallLimits): Promise<number> {
    const signal = this.#signal.aborted ? AbortSignal.timeout(CLOSE_TIMEOUT_MS) : this.#signal;
    return throughOutages(() => finishCall(this.#sql, id, end, limits), signal);
  }

  #endOf(error: unknown, estimate: CallUsage): CallEnd {
    if (this.#signal.aborted) return { outcome: "lost", usage: estimate };
    if (!(error instanceof AppError)) {
      return { outcome: "error", usage: {}, error_code: "internal", reason: String(error) };
    }
    const { errorCode: error_code, message, details } = error;
    const { retry_after_ms, reason, timed_out } = details;
    const ended = { error_code, reason: String(details.message ?? reason ?? message) };
    // The provider worked on it, so it bills it.
    if (error_code === "provider_answer_invalid" || timed_out === true) {
      const outcome = timed_out === true ? "outage" : "error";
      return { ...ended, outcome, usage: estimate, isUnusable: true };
    }
    if (!PROVIDER_OUTAGES.includes(error_code)) return { ...ended, outcome: "error", usage: {} };
    const waitSeconds = typeof retry_after_ms === "number" ? retry_after_ms / 1_000 : 0;
    return { ...ended, outcome: "outage", usage: {}, waitSeconds: Math.min(3_600, waitSeconds) };
  }
}

/** The error with the service that caused it, and final after the second unusable answer. */
function explained(error: unknown, service: string, unusable: number): unknown {
  if (!(error instanceof AppError)) return error;
  const details = { ...error.details, service };
  if (unusable < MAX_UNUSABLE) return new AppError(error.errorCode, details, { cause: error });
  const message = `${service} answered ${unusable} times with something that cannot be used: try again later, or choose another model`;
  return new AppError("provider_answer_unusable", { ...details, message }, { cause: error });
}

const SCOPES = {
  asset: "of this file",
  course: "of this course",
  day: "of this day",
} as const;
const UNITS = { audio_minutes: "minutes of audio", pages: "pages", usd: "USD" } as const;

function overBudget(exceeded: ExceededBudget): AppError {
  const { scope, unit, limit, used, needed } = exceeded;
  const name = UNITS[unit];
  const ends =
    scope === "day"
      ? "It continues tomorrow (UTC); to continue now, raise the limit and resume it"
      : "Raise the limit, then resume it";
  const message = `Paused: the budget ${SCOPES[scope]} is ${limit} ${name}, ${rounded(used)} are used, and the next step needs ${rounded(needed)}. ${ends}`;
  return new AppError("budget_exceeded", { ...exceeded, message });
}

const rounded = (amount: number) => Math.round(amount * 100) / 100;

function waiting(provider: string, seconds: number): AppError {
  const name = provider.replace(/:(.*)/, " ($1)"); // panopto:uni.panopto.eu
  const message = `waiting for ${name}: the work continues by itself when ${name} answers again`;
  return new AppError("provider_waiting", {
    service: provider,
    message,
    retry_after_ms: Math.ceil(seconds * 1_000),
  });
}
