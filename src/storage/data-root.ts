import { access, constants, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { SPOOL_FOLDER } from "./answer-spool";

/** Folders that an earlier start can have created, possibly as another user. */
const PARTS = ["db", "documents", SPOOL_FOLDER, "scratch", "uploaded-audio"];
const USABLE = constants.R_OK | constants.W_OK | constants.X_OK;

/**
 * Creates the folder of all files and checks that it and its parts can be read and written.
 * With documents in S3 it is still needed for the files of running jobs.
 *
 * @throws AppError `config_invalid`, with the folder to repair
 */
export async function openDataRoot(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error; // a file; checkPart reports it
    });
    await checkPart(folder);
    for (const part of PARTS) await checkPart(join(folder, part));
  } catch (error) {
    if (error instanceof AppError) throw error;
    const problem = `cannot be written: ${(error as Error).message}: change its owner to the user who starts Lectern, or set another folder`;
    throw invalid(problem);
  }
}

const invalid = (problem: string) =>
  new AppError("config_invalid", { problems: { DATA_ROOT: [problem] } });

async function checkPart(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (!found) return;
  if (!found.isDirectory()) throw invalid(`${folder} is a file: remove it, or set another folder`);
  await access(folder, USABLE);
}
