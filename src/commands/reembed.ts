import { parseArgs } from "node:util";
import { z } from "zod";
import { loadConfig } from "../config";
import {
  countEmbeddings,
  deleteInactiveEmbeddings,
  listCoursesWithOtherModel,
  type ModelCount,
  type Reach,
} from "../db/chunks/embeddings";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { AppError } from "../errors";
import { listCourseQuestions } from "../evaluation/course-questions";
import { compareReports } from "../evaluation/gate";
import { toGateTable } from "../evaluation/report-table";
import { takeSearchExam } from "../evaluation/take-exam";
import { CallRecorder, DEFAULT_POLICY } from "../pipelines/paid-calls";
import { openProviders } from "../providers";
import type { Embedder } from "../providers/embedder";
import { startLocalEmbedder } from "../providers/local/embedding-server";
import { moveToModel, rollBack } from "../retrieval/reembed";
import { useInstalledDatabase } from "./installation";
import { exitWithUsage, runMain } from "./run-main";
import { openStopSignal } from "./stop-signal";

/**
 * `./lectern reembed [--course ID] [--model provider:model]`: moves one course or all of them to
 * another embedding model (default: the configured one) while the server answers questions.
 * Before it switches, the exam of each course compares both models. If search would be worse beyond chance, nothing is
 * switched unless `--force` is given. `--rollback` reverts the last move, `--discard` deletes the embeddings kept for that.
 *
 * Stop a server with the embedded database first: only one process can use it.
 */
const USAGE =
  "Usage: ./lectern reembed [--course ID] [--model provider:model] [--force] | --rollback | --discard";

async function main(args: string[]): Promise<void> {
  const options = readOptions(args);
  const config = loadConfig();
  const settings = { ...config, EMBEDDING_MODEL: options.model ?? config.EMBEDDING_MODEL };
  const signal = openStopSignal({ advice: "Run the command again to continue" });
  const local = startLocalEmbedder();
  const run = async (db: Sql) => {
    const reach = { course_id: options.course ? (await getCourse(db, options.course)).id : null };
    const { embedder } = await openProviders(settings, { localEmbedderUrl: local.url });
    const recorder = new CallRecorder(db, null, signal, DEFAULT_POLICY);
    const calls = recorder.for("reembed", `reembed:${embedder.model}`);
    const say = (line: string) => console.error(line);
    const tools = { db, embedder, calls, signal, say };
    if (options.discard) {
      console.log(`${await deleteInactiveEmbeddings(db, reach)} embeddings deleted`);
      return;
    }
    const { model, switched } = await (options.rollback
      ? rollBack(reach, tools)
      : moveToModel(reach, tools, () => compareModels(reach, tools, options.force ?? false)));
    console.log(`${switched} chunks now use ${model}`);
    const configured = await openProviders(config, { localEmbedderUrl: local.url });
    advise(model, configured.embedder.model, await countEmbeddings(db, reach));
  };
  try {
    await useInstalledDatabase(config, 2, run);
  } finally {
    await local.close();
  }
}

/**
 * Prints the result of each course's exam with the model in use and with the prepared one.
 *
 * @throws AppError `model_worse` if search would be worse beyond chance, unless it is forced
 */
async function compareModels(
  { course_id }: Reach,
  { db, embedder, signal }: { db: Sql; embedder: Embedder; signal: AbortSignal },
  isForced: boolean,
): Promise<void> {
  const courses = await listCoursesWithOtherModel(db, course_id, embedder.model);
  const worse: string[] = [];
  for (const { id, name } of courses) {
    const questions = await listCourseQuestions(db, id);
    if (questions.length === 0) {
      console.log(`Exam of ${name}: it has no questions, so the models are not compared`);
      continue;
    }
    const exam = (usesPrepared: boolean) =>
      takeSearchExam(id, questions, { db, embedder, signal }, { usesPrepared });
    const results = compareReports(await exam(false), await exam(true));
    console.log(`Exam of ${name}: model in use → ${embedder.model}`);
    console.log(toGateTable(results));
    if (results.some(({ is_regression }) => is_regression)) worse.push(name);
  }
  if (worse.length > 0 && !isForced) {
    const advice = "--force switches in spite of that, --discard deletes the prepared embeddings";
    throw new AppError("model_worse", { courses: worse, model: embedder.model, advice });
  }
}

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        course: { type: "string" },
        model: { type: "string" },
        rollback: { type: "boolean" },
        discard: { type: "boolean" },
        force: { type: "boolean" },
      },
    });
    if (values.course !== undefined && !z.guid().safeParse(values.course).success) {
      throw new Error(`--course: "${values.course}" is not the id of a course`);
    }
    return values;
  } catch (error) {
    exitWithUsage(error, USAGE);
  }
}

/** Prints the remaining steps. */
function advise(model: string, configured: string, stored: ModelCount[]): void {
  for (const other of stored.filter((count) => count.model !== model)) {
    console.log(`${other.chunks} chunks use ${other.model}`);
  }
  if (configured !== model) {
    console.log(`Set EMBEDDING_MODEL=${model} and restart, so that new chunks get the same model.`);
  }
}

await runMain(main);
