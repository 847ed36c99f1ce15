import { AppError } from "../../errors";
import { type AgentTask, type Emit, Step } from "./step";

/** Steps of one run. The last must be an answer. */
export const MAX_STEPS = 6;

/**
 * Lets a model work on a prompt: it speaks, calls tools, reads their results, and speaks again,
 * until it is done, calls a tool of the client, or has used up its steps.
 *
 * Every step that began also ends with a `step-end`, broken off or not; then the failure is thrown.
 *
 * @throws AppError of the provider, or `chat_failed`; the signal's reason when it was aborted
 */
export async function runAgent(task: AgentTask, emit: Emit): Promise<void> {
  const prompt = [...task.prompt];
  for (let made = 1; made <= MAX_STEPS; made += 1) {
    const step = new Step(task, emit, task.firstStep + made - 1);
    try {
      await step.listen(prompt, made === MAX_STEPS);
      await step.runTools();
      if (made === MAX_STEPS && step.continues && !step.says) {
        throw new AppError("chat_failed", { finish_reason: "steps used up" });
      }
    } catch (error) {
      await step.end(error);
      throw error;
    }
    await step.end();
    if (!step.continues) return;
    prompt.push(...step.messages);
  }
}
