import { parseArgs } from "node:util";
import { ZodError, z } from "zod";
import type { Config } from "../config";
import type { Sql } from "../db/client";
import { cancelJob, hurryJob } from "../db/jobs/job-control";
import {
  getJob,
  JOB_ACTIVITIES,
  type JobDetails,
  type JobListItem,
  listJobs,
} from "../db/jobs/job-list";
import { endQueueHold } from "../db/jobs/queue-hold";
import type { Forecast } from "../db/jobs/usage";
import { AppError } from "../errors";
import { restartDocument } from "../pipelines/document/request";
import { openForecaster } from "../pipelines/forecast";
import { restartLecture } from "../pipelines/lecture/request";
import { forecastRetranscription, retranscribeLecture } from "../pipelines/lecture/retranscribe";
import { selectTranscriber } from "../providers/speech/select-transcriber";
import { useInstallation } from "./installation";
import { exitWithUsage, runMain } from "./run-main";
import type { ServerClient } from "./running-server";

/**
 * `./lectern jobs`: shows and steers the queue. It uses the database itself; while a server has the
 * embedded database, it uses that server's API.
 */
const USAGE = `Usage: ./lectern jobs list [--activity ${JOB_ACTIVITIES.join("|")}] [--course ID] [--limit N]
       ./lectern jobs show|retry|cancel|hurry ID
       ./lectern jobs retranscribe ID [--dry-run]
       ./lectern jobs resume
ID is that of a job, a lecture or a document. --dry-run states the cost only. resume ends the hold after a restore. --json prints JSON. LECTERN_URL and LECTERN_API_KEY choose a
running server and its key; unset: the server of these settings.`;

const ACTIONS = ["retry", "cancel", "hurry", "retranscribe"] as const;
type JobAction = (typeof ACTIONS)[number];
type JobQuery = { activity?: (typeof JOB_ACTIVITIES)[number]; course_id?: string; limit: number };

/** The queue, reached through the database or through the API. */
type JobDesk = {
  list(query: JobQuery): Promise<JobListItem[]>;
  show(id: string): Promise<JobDetails>;
  act(action: JobAction, job: JobDetails): Promise<void>;
  /** Ends the hold of the queue; false without one. */
  resume(): Promise<boolean>;
  /** The expected cost of a new transcription. */
  forecast(lecture_id: string): Promise<Forecast>;
};

const Options = z.object({
  activity: z.enum(JOB_ACTIVITIES).optional(),
  course: z.guid().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  json: z.boolean().default(false),
  "dry-run": z.boolean().default(false),
});

async function main(args: string[]): Promise<void> {
  const { command, id, options } = readArguments(args);
  const print = options.json ? printJson : printText;
  const use = async (desk: JobDesk) => {
    if (command === "list") {
      const { activity, course, limit } = options;
      const query = { limit, ...(activity && { activity }), ...(course && { course_id: course }) };
      return print(await desk.list(query));
    }
    if (command === "resume") {
      const resumed = await desk.resume();
      if (options.json) return printJson({ resumed });
      return console.log(resumed ? "The queue continues." : "The queue was not on hold.");
    }
    const job = await desk.show(id!);
    if (command === "show") return print(job);
    if (command === "retranscribe" && job.kind !== "lecture") {
      throw new AppError("lecture_not_found");
    }
    if (options["dry-run"]) return printJson(await desk.forecast(job.asset_id));
    await desk.act(command, job);
    print(await desk.show(job.asset_id));
  };
  await useInstallation({
    server: (ask) => use(remoteDesk(ask)),
    database: (db, config) => use(directDesk(db, config)),
  });
}

type JobCommand = "list" | "show" | "resume" | JobAction;
const WITHOUT_ID = ["list", "resume"];

function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        activity: { type: "string" },
        course: { type: "string" },
        limit: { type: "string" },
        json: { type: "boolean" },
        "dry-run": { type: "boolean" },
      },
    });
    const [command = "list", id] = positionals;
    const options = Options.parse(values);
    const takesId = !WITHOUT_ID.includes(command);
    if (!["list", "show", "resume", ...ACTIONS].includes(command)) {
      throw new Error(`${command}: no such command`);
    }
    if (positionals.length > (takesId ? 2 : 1))
      throw new Error(`too many arguments for ${command}`);
    if (takesId && !z.guid().safeParse(id).success) {
      throw new Error(`"${id ?? ""}" is not the id of a job, a lecture or a document`);
    }
    if (options["dry-run"] && command !== "retranscribe") {
      throw new Error("--dry-run is an option of retranscribe");
    }
    return { command: command as JobCommand, id: id?.toLowerCase(), options };
  } catch (error) {
    return exitWithUsage(error instanceof ZodError ? z.prettifyError(error) : error, USAGE);
  }
}

const directDesk = (db: Sql, config: Config): JobDesk => ({
  list: async ({ limit, ...filter }) => (await listJobs(db, filter, { limit })).items,
  show: (id) => getJob(db, id),
  act: async (action, { kind, asset_id }) => {
    if (action === "retry") {
      await (kind === "lecture" ? restartLecture(db, asset_id) : restartDocument(db, asset_id));
    } else if (action === "retranscribe") {
      const { CAPTIONS: captions } = config;
      await retranscribeLecture({ db, captions, transcriber: selectTranscriber(config) }, asset_id);
    } else if (action === "cancel") {
      if (!(await cancelJob(db, asset_id))) throw new AppError("not_cancellable");
    } else if (!(await hurryJob(db, asset_id))) throw new AppError("not_hurryable");
  },
  resume: () => endQueueHold(db),
  forecast: (lecture_id) => {
    const { CAPTIONS: captions, BUDGET_ASSET: asset, BUDGET_COURSE: course } = config;
    const budgets = { asset, course, day: config.BUDGET_DAY };
    const transcriber = selectTranscriber(config);
    const forecaster = openForecaster({
      db,
      transcriber,
      sendsTerms: config.TRANSCRIPTION_TERMS,
      budgets,
      slideDescriber: null,
      maxPages: 0,
    });
    return forecastRetranscription({ db, captions, transcriber, forecaster }, lecture_id);
  },
});

const remoteDesk = (ask: ServerClient): JobDesk => ({
  list: async (query) => {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    );
    return ((await ask("GET", `/api/jobs?${search}`)) as { items: JobListItem[] }).items;
  },
  show: async (id) => (await ask("GET", `/api/jobs/${id}`)) as JobDetails,
  act: async (action, { kind, asset_id }) => {
    await ask("POST", `/api/${kind}s/${asset_id}/${action}`);
  },
  resume: async () => ((await ask("POST", "/api/jobs/resume")) as { resumed: boolean }).resumed,
  forecast: async (lecture_id) => {
    const path = `/api/lectures/${lecture_id}/retranscribe?dry_run=true`;
    return ((await ask("POST", path)) as { forecast: Forecast }).forecast;
  },
});

const printJson = (result: unknown) => console.log(JSON.stringify(result, null, 2));

function printText(result: JobListItem[] | JobDetails): void {
  if (!Array.isArray(result)) printDetails(result);
  else if (result.length === 0) console.log("No jobs.");
  else printTable(result);
}

function printTable(jobs: JobListItem[]): void {
  const rows = jobs.map((job) => [
    job.job_id,
    job.kind,
    job.activity,
    `${job.progress_percent} %`,
    job.title ?? "",
    noteOf(job),
  ]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** The reason for the state of a job, in a few words. */
function noteOf(job: JobListItem): string {
  const notes = [
    job.priority === "high" && "urgent",
    job.quarantined && "in quarantine",
    job.waiting_for && `waits for ${job.waiting_for}`,
    job.activity === "waiting" &&
      Date.parse(job.next_attempt_at!) > Date.now() &&
      `next attempt at ${job.next_attempt_at}`,
    job.error_message,
  ];
  return notes.filter(Boolean).join("; ");
}

function printDetails({ log, ...job }: JobDetails): void {
  for (const [name, value] of Object.entries(job)) {
    if (value !== null) console.log(`${name.padEnd(16)}  ${value}`);
  }
  for (const { at, attempt, outcome, ...rest } of log) {
    const note = rest.reason ?? rest.code ?? "";
    console.log(`  ${at}  attempt ${attempt}  ${outcome}  ${note}`.trimEnd());
  }
}

await runMain(main);
