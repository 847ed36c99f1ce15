import {
  AgentRunner,
  type AgentRunnerConnectRequest,
  type AgentRunnerIsRunningRequest,
  type AgentRunnerRunRequest,
  type AgentRunnerStopRequest,
} from "@copilotkit/runtime/v2";
import { Observable } from "rxjs";

type Agent = AgentRunnerRunRequest["agent"];
type RunInput = AgentRunnerRunRequest["input"];
type Events = ReturnType<AgentRunner["run"]>;
type AgentEvent = Events extends Observable<infer Event> ? Event : never;

/** Opens an agent for a thread, with the headers of a browser's request. */
type OpenAgent = (thread: { threadId: string; headers: Record<string, string> }) => Agent;

/**
 * Runs agents without a memory: Lectern stores each thread and returns it. So a conversation survives
 * a restart of this runtime, and several runtimes can serve the same threads. CopilotKit's own
 * runner would keep the events of all users in this process.
 */
export class LecternRunner extends AgentRunner {
  readonly #running = new Map<string, Agent>();
  readonly #openAgent: OpenAgent;

  constructor(openAgent: OpenAgent) {
    super();
    this.#openAgent = openAgent;
  }

  run({ threadId, agent, input }: AgentRunnerRunRequest): Events {
    return this.#stream(threadId, agent, input);
  }

  /** The stored thread: a run without messages. It joins an answer that is still being written. */
  connect({ threadId, headers = {} }: AgentRunnerConnectRequest): Events {
    const agent = this.#openAgent({ threadId, headers });
    const forwardedProps = { course_id: headers["x-course-id"], interrupts: true };
    const input = { threadId, runId: crypto.randomUUID(), forwardedProps };
    return this.#stream(threadId, agent, {
      ...input,
      messages: [],
      tools: [],
      context: [],
      state: {},
    });
  }

  async isRunning({ threadId }: AgentRunnerIsRunningRequest): Promise<boolean> {
    return this.#running.has(threadId);
  }

  async stop({ threadId }: AgentRunnerStopRequest): Promise<boolean> {
    const agent = this.#running.get(threadId);
    agent?.abortRun();
    return agent !== undefined;
  }

  #stream(threadId: string, agent: Agent, input: RunInput): Events {
    return new Observable((subscriber) => {
      this.#running.set(threadId, agent);
      let ended = false;
      const onEvent = ({ event }: { event: AgentEvent }) => {
        ended ||= event.type === "RUN_FINISHED" || event.type === "RUN_ERROR";
        subscriber.next(event);
      };
      const fail = (error: unknown) => {
        if (ended || subscriber.closed) return;
        const message = error instanceof Error ? error.message : String(error);
        subscriber.next({ type: "RUN_ERROR", message } as AgentEvent);
      };
      void agent
        .runAgent(input, { onEvent })
        .catch(fail)
        .finally(() => {
          ended = true;
          if (this.#running.get(threadId) === agent) this.#running.delete(threadId);
          subscriber.complete();
        });
      // The browser left: without a reader, Lectern stops the answer and keeps its text.
      return () => {
        if (!ended) agent.abortRun();
      };
    });
  }
}
