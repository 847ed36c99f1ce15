import { evaluateAlignment, readLabelledLectures } from "../../alignment/evaluate";
import { evaluateRefusal, readRefusalSet } from "../../chat/agent/evaluate-refusal";
import { evaluateCitations, readJudgedSentences } from "../../chat/citations/evaluate";
import { loadConfig } from "../../config";
import { connect } from "../../db/client";
import { deleteCourse, insertCourse } from "../../db/courses";
import { startEmbeddedDatabase } from "../../db/embedded/start";
import { migrate } from "../../db/migrate";
import { openProviders } from "../../providers";
import { startLocalEmbedder } from "../../providers/local/embedding-server";
import { openReranker } from "../../providers/reranker";
import { readBeirSet } from "../../retrieval/beir";
import { type EvaluationDeps, evaluate, ingestSet } from "../../retrieval/evaluate";
import { evaluateTimelineSearch } from "../../retrieval/evaluate-timeline";
import { openInstalledDatabase } from "../installed-database";
import { openStopSignal } from "../stop-signal";
import { print } from "./print";
import {
  toAlignmentTable,
  toCitationTable,
  toEnrichmentText,
  toRefusalTable,
  toSearchTables,
} from "./tables";

/** Evaluations of one part, by their option. */
export const EVALUATIONS = {
  "--citations": async (path: string, asJson: boolean) => {
    const report = evaluateCitations(await readJudgedSentences(path));
    print(report, asJson, toCitationTable);
  },
  "--refusal": async (path: string, asJson: boolean) => {
    const signal = openStopSignal();
    const set = await readRefusalSet(path);
    const local = startLocalEmbedder();
    const config = loadConfig();
    const { embedder } = await openProviders(config, { localEmbedderUrl: local.url });
    const reranker = openReranker(config);
    const database = await openEvaluationDatabase();
    try {
      print(
        await evaluateRefusal(set, { db: database.db, embedder, reranker, signal }),
        asJson,
        toRefusalTable,
      );
    } finally {
      await database.close();
      await local.close();
    }
  },
  "--enrichment": evaluateEnrichment,
  "--alignment": async (folder: string, asJson: boolean) => {
    const signal = openStopSignal();
    const lectures = await readLabelledLectures(folder);
    const database = await openEvaluationDatabase();
    try {
      print(await evaluateAlignment(database.db, lectures, signal), asJson, toAlignmentTable);
    } finally {
      await database.close();
    }
  },
};

/** Measures search with a folder in BEIR's layout. */
export async function evaluateSearch(folder: string, asJson: boolean): Promise<void> {
  const set = await readBeirSet(folder);
  await withEvaluationCourse(folder, async (course_id, deps) => {
    const ids = await ingestSet(course_id, set, deps);
    print(await evaluate(course_id, set, ids, deps), asJson, toSearchTables);
  });
}

async function evaluateEnrichment(folder: string, asJson: boolean): Promise<void> {
  const lectures = await readLabelledLectures(folder);
  await withEvaluationCourse(folder, async (course_id, deps) =>
    print(await evaluateTimelineSearch(course_id, lectures, deps), asJson, toEnrichmentText),
  );
}

/** Runs `measure` with a new course, and removes the course afterwards. Ctrl-C cancels it. */
async function withEvaluationCourse(
  folder: string,
  measure: (course_id: string, deps: EvaluationDeps) => Promise<void>,
): Promise<void> {
  const config = loadConfig();
  const signal = openStopSignal();
  const local = startLocalEmbedder();
  const { embedder } = await openProviders(config, { localEmbedderUrl: local.url });
  const database = await openEvaluationDatabase();
  const { db } = database;
  const course = await insertCourse(db, { name: `Evaluation of ${folder}` });
  try {
    const say = (line: string) => console.error(line);
    await measure(course.id, { db, embedder, signal, say });
  } finally {
    await deleteCourse(db, course.id);
    await database.close();
    await local.close();
  }
}

/** An embedded database in memory, or the one of the settings. */
async function openEvaluationDatabase() {
  const config = loadConfig();
  const { close, url } = await (config.DATABASE_URL
    ? openInstalledDatabase(config).then(({ close, directUrl }) => ({ close, url: directUrl }))
    : startMigratedInMemory());
  const db = connect(url, { max: 2 });
  return {
    db,
    close: async () => {
      await db.end();
      await close();
    },
  };
}

async function startMigratedInMemory() {
  const database = await startEmbeddedDatabase({ dataDir: null });
  await migrate(database.url);
  return database;
}
