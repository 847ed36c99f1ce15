import { parseArgs } from "node:util";
import { z } from "zod";
import { loadConfig } from "../config";
import {
  type ContentRetention,
  type DueContent,
  listDueContent,
  RETAINED_KINDS,
} from "../db/content-retention";
import { toContentRetention } from "../services";
import { useInstallation } from "./installation";
import { exitWithUsage, runMain } from "./run-main";

/** `./lectern retention`: shows what maintenance deletes next. It deletes nothing itself. */
const USAGE = `Usage: ./lectern retention [--preview] [--days-ahead N] [--json]
Shows what is older than PDF_, TRANSCRIPT_, EMBEDDING_ and CHAT_RETENTION_DAYS, now or in N days. Maintenance deletes it once a day.
To try a value: CHAT_RETENTION_DAYS=180 ./lectern retention`;

type RetentionPreview = { days: ContentRetention; due: DueContent[] };

async function main(args: string[]): Promise<void> {
  const { daysAhead, json } = readOptions(args);
  const preview = await readPreview(daysAhead);
  if (json) console.log(JSON.stringify(preview, null, 2));
  else print(preview);
}

async function readPreview(daysAhead: number): Promise<RetentionPreview> {
  const days = toContentRetention(loadConfig());
  return useInstallation({
    server: async (ask) => {
      const query = { days_ahead: String(daysAhead), ...mapToText(days) };
      return (await ask("GET", `/api/retention?${new URLSearchParams(query)}`)) as RetentionPreview;
    },
    database: async (db) => ({ days, due: await listDueContent(db, days, daysAhead) }),
  });
}

const mapToText = (days: ContentRetention) =>
  Object.fromEntries(Object.entries(days).map(([kind, count]) => [kind, String(count)]));

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        preview: { type: "boolean" },
        "days-ahead": { type: "string", default: "0" },
        json: { type: "boolean", default: false },
      },
    });
    const daysAhead = z.coerce.number().int().min(0).max(3_650).safeParse(values["days-ahead"]);
    if (!daysAhead.success) throw new Error("--days-ahead must be a whole number, 0 to 3650");
    return { daysAhead: daysAhead.data, json: values.json };
  } catch (error) {
    exitWithUsage(error, USAGE);
  }
}

function print({ days, due }: RetentionPreview): void {
  for (const kind of RETAINED_KINDS) {
    const limit = days[kind] > 0 ? `${days[kind]} days` : "no limit";
    const courses = due.filter((course) => course.kind === kind);
    const total = courses.reduce((sum, { count }) => sum + count, 0);
    console.log(`${kind.padEnd(11)}  ${limit}: ${total} are due`);
    for (const { count, course_name, oldest_at } of courses) {
      console.log(`  ${String(count).padStart(6)}  ${course_name}, the oldest of ${oldest_at}`);
    }
  }
}

await runMain(main);
