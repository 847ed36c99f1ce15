import { dropConnection } from "./speech-upload";

/** Longer than a quick statement: an answer that arrived this long ago can still be unsaved. */
const SAVE_MS = 1_000;

/** One call that the provider bills. */
type BilledCall = { units: number; startedAt: number; answeredAt: number | null };

export type MeterOptions = {
  /** Billed units of a request by its path and body; 0 for requests that cost nothing, such as polls. */
  unitsOf(path: string, body: Uint8Array): number;
  /** Most units that the product buys at the same time. */
  mostAtOnce: number;
};

/**
 * A proxy in front of a provider's test server that counts what the provider bills: each complete
 * request that it answers well, also when the caller has ended before the answer.
 */
export class ProviderMeter {
  /** A provider that is away answers nothing; `busy` is an answer 503, `reset` a connection that breaks. */
  outage: "busy" | "reset" | null = null;
  /** Requests during outages. */
  refused = 0;
  /** Pause before each answer, in ms. */
  paceMs = 0;
  /** Called before the provider works, with the port of the caller's connection. */
  onCall: (body: Uint8Array, port: number) => void | Promise<void> = () => {};
  /** Called when an answer is complete, a moment before the caller gets it. */
  onAnswer: () => void | Promise<void> = () => {};

  readonly #calls: BilledCall[] = [];
  readonly #target: string;
  readonly #options: MeterOptions;
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request, server) => this.#relay(request, server.requestIP(request)!.port),
  });

  /** @param target origin of the provider's server */
  constructor(target: string, options: MeterOptions) {
    this.#target = target;
    this.#options = options;
  }

  get origin(): string {
    return this.#server.url.origin;
  }

  /** Billed units so far. */
  get bought(): number {
    return sumUnits(this.#calls.filter(({ answeredAt }) => answeredAt !== null));
  }

  /** Billed calls so far. */
  get calls(): number {
    return this.#calls.filter(({ answeredAt }) => answeredAt !== null).length;
  }

  /** Units that are lost if the callers end now: calls without an answer, or with one that can be unsaved. */
  get inFlight(): number {
    const since = performance.now() - SAVE_MS;
    const open = this.#calls.filter(({ answeredAt }) => answeredAt === null || answeredAt > since);
    return Math.min(sumUnits(open), this.#options.mostAtOnce);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #relay(request: Request, port: number): Promise<Response> {
    const { method, headers } = request;
    const path = new URL(request.url).pathname;
    const body = await request.bytes();
    if (this.outage !== null) {
      this.refused += 1;
      return this.outage === "reset" ? dropConnection() : new Response(null, { status: 503 });
    }
    const units = this.#options.unitsOf(path, body);
    const call: BilledCall = { units, startedAt: performance.now(), answeredAt: null };
    if (units > 0) this.#calls.push(call);
    await this.onCall(body, port);
    if (this.paceMs > 0) await Bun.sleep(this.paceMs);

    const sent = new Headers(headers);
    for (const name of ["host", "content-length", "accept-encoding"]) sent.delete(name);
    const payload = method === "GET" ? {} : { body: body as Uint8Array<ArrayBuffer> };
    const answer = await fetch(this.#target + path, { method, headers: sent, ...payload });
    const bytes = await answer.bytes();
    if (units > 0 && answer.ok) {
      call.answeredAt = performance.now();
      await this.onAnswer();
    } else if (units > 0) this.#calls.splice(this.#calls.indexOf(call), 1);
    return new Response(bytes, { status: answer.status, headers: answer.headers });
  }
}

const sumUnits = (calls: BilledCall[]) => calls.reduce((sum, { units }) => sum + units, 0);
