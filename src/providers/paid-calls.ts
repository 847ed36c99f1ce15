/** Billed units by name, such as `audio_seconds`, `pages`, `input_tokens`. */
export type CallUsage = Record<string, number>;

/** The counts of the AI SDK. Servers without token counts send no number, or NaN. */
export const toTokens = (
  usage: { inputTokens: number | undefined; outputTokens: number | undefined } | undefined,
) => ({
  input_tokens: counted(usage?.inputTokens),
  output_tokens: counted(usage?.outputTokens),
});
const counted = (tokens: number | undefined) => (Number.isFinite(tokens) ? tokens! : 0);

export type BillableRequest = {
  /** The service that answers; calls to it share one circuit breaker: `openai`, `elevenlabs`. */
  service: string;
  model: string;
  /** The server needs no key, so the request costs nothing. */
  isFree?: boolean;
  /** Identifies the request among several for the same work, such as `part:2`. Unset: the only request. */
  unit?: string;
  /** The terms of the slides that a transcription is primed with. */
  terms?: readonly string[] | undefined;
  /** The usage that is recorded until the answer is known. */
  estimate: CallUsage;
};

/** The receipt of a request that is under way. */
export type CallReceipt = {
  /** The provider's id of the work, when an earlier attempt has submitted it: poll it. */
  readonly request_id: string | null;
  /** Stores the provider's id, so that a later attempt polls the work and does not pay again. */
  submitted(request_id: string): Promise<void>;
};

/** `problem`: why the answer cannot be used although it is paid for. */
export type PaidAnswer<T> = { result: T; usage: CallUsage; problem?: string | undefined };

/** Records each billable request before it is made and after it ended. */
export interface PaidCalls {
  /**
   * @throws the errors of `request`; AppError `provider_waiting` when the service cannot be called now,
   *   `provider_answer_unusable` when it answered the same request unusably for the second time
   */
  run<T>(
    call: BillableRequest,
    request: (receipt: CallReceipt) => Promise<PaidAnswer<T>>,
  ): Promise<T>;
}

/** Makes the calls without records: for tests of providers, and for free local models. */
export const UNRECORDED: PaidCalls = {
  run: async (_, request) =>
    (await request({ request_id: null, submitted: async () => {} })).result,
};
