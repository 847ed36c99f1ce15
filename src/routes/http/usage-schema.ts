import { z } from "zod";
import { Flag } from "./schemas";

/** The paid work of providers. */
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

/** `dry_run` states the cost and stores nothing. */
export const DryRunQuery = z.object({
  dry_run: Flag.describe("State the expected cost; store and queue nothing"),
});

export const ForecastAnswer = z
  .object({
    dry_run: z.literal(true),
    forecast: z.object({
      audio_minutes: z.number(),
      pages: z.number(),
      usd: z.number().nullable().describe("null: the table `provider_prices` lacks the model"),
      exceeded: z
        .object({
          scope: z.enum(["asset", "course", "day"]),
          unit: z.enum(["audio_minutes", "pages", "usd"]),
          limit: z.number(),
          used: z.number(),
          needed: z.number(),
        })
        .nullable()
        .describe("The first budget at which the job would pause"),
    }),
  })
  .meta({ id: "Forecast" });

/** `override` lets the job exceed all budgets. */
export const ResumeQuery = z.object({
  override: Flag.describe("Continue beyond the budget; needs the scope admin"),
});
