import { parseArgs } from "node:util";
import { z } from "zod";
import type { AuditSender } from "../db/access/audit";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { findLastExamRun } from "../db/exam-runs";
import { acceptLastExam, type ExamReport } from "../evaluation/course-exam";
import type { Measure } from "../evaluation/measures";
import { useInstallation } from "./installation";
import { exitWithUsage, runMain } from "./run-main";
import type { ServerClient } from "./running-server";

/**
 * `./lectern exam`: shows the last exam of a course, or accepts that it is worse, so that later exams are compared with
 * it. It uses the database itself; while a server has the embedded database, it uses that server's API.
 */
const USAGE = `Usage: ./lectern exam show ID [--json]
       ./lectern exam accept ID [--json]
ID is that of a course. LECTERN_URL and LECTERN_API_KEY choose a running server and its key; unset: the server of these settings.`;

const COMMANDS = ["show", "accept"] as const;
type ExamCommand = (typeof COMMANDS)[number];

/** The part of a run that both the API and the database have. */
type ShownExam = {
  kind: string;
  created_at: string;
  accepted_at: string | null;
  regressions: string[];
  is_compared: boolean;
  measures: Pick<Measure, "section" | "name" | "n" | "mean" | "low" | "high">[];
};

async function main(args: string[]): Promise<void> {
  const { command, course_id, asJson } = readArguments(args);
  const exam = await useInstallation({
    server: (ask) => runOnServer(ask, command, course_id),
    database: (db) => runOnDatabase(db, command, course_id),
  });
  if (asJson) console.log(JSON.stringify(exam, null, 2));
  else
    console.log(
      exam
        ? toText(exam, course_id)
        : `No exam of this course was taken: ./lectern eval --course ${course_id}`,
    );
}

async function runOnServer(
  ask: ServerClient,
  command: ExamCommand,
  course_id: string,
): Promise<ShownExam | null> {
  const path = `/api/courses/${course_id}/exam`;
  if (command === "accept") return (await ask("POST", `${path}/accept`)) as ShownExam;
  return ((await ask("GET", path)) as { run: ShownExam | null }).run;
}

async function runOnDatabase(
  db: Sql,
  command: ExamCommand,
  course_id: string,
): Promise<ShownExam | null> {
  const run =
    command === "accept"
      ? await acceptLastExam(db, course_id, SENDER)
      : await findExamOf(db, course_id);
  if (!run) return null;
  const { report, ...shown } = run;
  const measures = report.measures.map(({ values: _, ...measure }) => measure);
  return { ...shown, is_compared: report.is_compared ?? true, measures };
}

/** The sender in the audit. */
const SENDER: AuditSender = {
  key_id: null,
  user_id: null,
  route: "lectern exam accept",
  request_id: null,
};

async function findExamOf(db: Sql, course_id: string) {
  await getCourse(db, course_id);
  return findLastExamRun<object, ExamReport>(db, course_id);
}

function toText(exam: ShownExam, course_id: string) {
  const { kind, created_at, regressions, measures } = exam;
  const rows = measures.map(({ section, name, n, mean, low, high }) => {
    const measure = `${section} ${name}`;
    const isWorse = regressions.includes(measure);
    const interval = `${low.toFixed(3)} to ${high.toFixed(3)}`;
    return `${isWorse ? "WORSE " : "      "}${measure.padEnd(44)}${String(n).padStart(5)}${mean.toFixed(3).padStart(9)}   ${interval}`;
  });
  return [`${kind} exam of ${created_at}`, ...rows, "", verdictOf(exam, course_id)].join("\n");
}

function verdictOf(
  { is_compared, regressions, accepted_at }: ShownExam,
  course_id: string,
): string {
  if (!is_compared)
    return "There was no earlier exam to compare with. Later exams are compared with this one.";
  if (regressions.length === 0) return "No measure is worse than in the exam before.";
  if (accepted_at) return `Accepted on ${accepted_at}: later exams are compared with this one.`;
  return `Worse than before: ${regressions.join(", ")}. If this change was wanted: ./lectern exam accept ${course_id}`;
}

function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: "boolean", default: false } },
    });
    const [command, id, ...others] = positionals;
    const known = COMMANDS.find((one) => one === command);
    if (!known || others.length > 0) throw new Error("show or accept, and one course, are needed");
    if (!z.guid().safeParse(id).success) throw new Error(`"${id ?? ""}" is not the id of a course`);
    return { command: known, course_id: id!, asJson: values.json };
  } catch (error) {
    exitWithUsage(error, USAGE);
  }
}

await runMain(main);
