import { z } from "zod";

/** What was bought from providers. */
export const Usage = z
  .object({
    audio_minutes: z.number(),
    pages: z.number(),
    usd: z.number().describe("By the prices in the table `provider_prices`"),
    calls: z.int(),
    wasted_calls: z.int().describe("Billed calls without a usable result"),
    unpriced_calls: z
      .int()
      .describe("Calls to models without a price, which `usd` does not include"),
    items: z.array(
      z.object({
        purpose: z.string(),
        provider: z.string(),
        model: z.string().nullable(),
        calls: z.int(),
        units: z.record(z.string(), z.number()),
        usd: z.number(),
      }),
    ),
  })
  .meta({ id: "Usage" });

/** `override` lets the job exceed all budgets. */
export const ResumeQuery = z.object({
  override: z
    .stringbool()
    .default(false)
    .describe("Continue beyond the budget; needs the scope admin"),
});
