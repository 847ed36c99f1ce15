import { access, constants, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";

/** What may stand in the folder from an earlier start, perhaps one by another user. */
const PARTS = ["db", "documents", "scratch", "sounds"];
const USABLE = constants.R_OK | constants.W_OK | constants.X_OK;

/**
 * Makes the folder of all files, and makes sure that it can be used, with what is in it already.
 * Whoever keeps documents elsewhere still needs room for what is under way.
 *
 * @throws AppError `config_invalid`, which names the folder to mend
 */
export async function openDataRoot(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, USABLE);
    for (const part of PARTS) await checkPart(join(folder, part));
  } catch (error) {
    const problem = `cannot be written: ${(error as Error).message}: give it to the user who starts Lectern, or name another folder`;
    throw new AppError("config_invalid", { problems: { DATA_ROOT: [problem] } });
  }
}

async function checkPart(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (!found) return;
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
  await access(folder, USABLE);
}
