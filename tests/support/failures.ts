import { AppError } from "../../src/errors";

/** What a promise that must fail failed with, as `code` and details; other errors pass through. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: string; [detail: string]: unknown }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return { ...error.details, code: error.errorCode };
    throw error;
  }
  throw new Error("it succeeded, though it should have failed");
}
