import { AppError } from "../errors";

/** Formats of recordings and uploads. Playlists are left out on purpose: they name other files. */
const FORMATS = "mov,mp3,aac,wav,w64,flac,ogg,matroska,mpegts,aiff,asf,caf,amr";

/**
 * Options before `-i`, for a file from outside. ffmpeg detects a playlist by its content,
 * and opens the files it lists; with these it reads one local file of a known kind and nothing else.
 */
export const UNTRUSTED_INPUT = [
  ...["-protocol_whitelist", "file,pipe"],
  ...["-format_whitelist", FORMATS],
];

/** Decoding an hour of audio needs about 80 MB; a file that asks for gigabytes is an attack. */
const ADDRESS_SPACE_BYTES = 2 * 1024 ** 3;
const STDERR_BYTES = 4_096;

/** How the C library words ENOSPC and EDQUOT. The tools run in the C locale: their environment is empty. */
const DISK_FULL = /No space left on device|Disk quota exceeded/;

/** Receives every child process, so that a supervisor can end the children of a crashed thread. */
export type OnSpawn = (pid: number, exited: Promise<unknown>) => void;

export type ToolOptions = {
  signal: AbortSignal;
  /** Wall clock and CPU time after which the tool is killed. */
  timeoutMs: number;
  /** Receives the lines of standard output. */
  onLine?: (line: string) => void;
  /** Receives the bytes of standard output instead; the tool waits while a returned promise is pending. */
  onBytes?: (bytes: Uint8Array) => void | Promise<void>;
  /** Receives each line that `-progress` or `ametadata` writes to pipe 2, which is then left out of `stderr`. */
  onProgressLine?: (line: string) => void;
  onSpawn?: OnSpawn;
};

export type ToolResult = {
  exitCode: number;
  /** The last 4 KB of the tool's messages. */
  stderr: string;
};

/**
 * Runs ffmpeg or ffprobe with an empty environment, bounded time and bounded memory, in a process
 * group of its own: a Ctrl-C at the terminal must not cut the job that we are draining.
 *
 * @returns the exit code, also of a failed run: the caller interprets it
 * @throws the signal's reason when aborted; the error of `onBytes`, after the tool was killed;
 *   AppError `tool_missing`, `tool_killed`, `storage_full`
 */
export async function runTool(
  tool: "ffmpeg" | "ffprobe",
  args: string[],
  { signal, timeoutMs, onLine, onBytes, onProgressLine, onSpawn }: ToolOptions,
): Promise<ToolResult> {
  signal.throwIfAborted();
  const child = Bun.spawn([...resourceLimits(timeoutMs), findTool(tool), "-hide_banner", ...args], {
    env: {},
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal,
    timeout: timeoutMs,
    // After SIGTERM, ffmpeg would finish its file, which is not needed.
    killSignal: "SIGKILL",
  });
  onSpawn?.(child.pid, child.exited);

  const output = onBytes ? eachChunk(child.stdout, onBytes) : eachLine(child.stdout, onLine);
  const [stderr] = await Promise.all([tail(child.stderr, onProgressLine), output]).catch(
    async (error: unknown) => {
      child.kill("SIGKILL");
      await child.exited;
      throw error;
    },
  );
  const exitCode = await child.exited;
  signal.throwIfAborted();
  if (child.signalCode)
    throw new AppError("tool_killed", { tool, signal: child.signalCode, stderr });
  if (DISK_FULL.test(stderr)) throw new AppError("storage_full", { tool, stderr });
  return { exitCode, stderr };
}

function findTool(tool: string): string {
  const path = Bun.which(tool);
  if (!path) throw new AppError("tool_missing", { tool });
  return path;
}

/** `prlimit` becomes the tool, so the pid stays. Only Linux has it; elsewhere the wall clock guards. */
function resourceLimits(timeoutMs: number): string[] {
  const prlimit = Bun.which("prlimit");
  if (!prlimit) return [];
  return [prlimit, `--cpu=${Math.ceil(timeoutMs / 1_000)}`, `--as=${ADDRESS_SPACE_BYTES}`];
}

/** A line of `-progress` (a lower-case key and its value) or of `ametadata`. No message has this form. */
const PROGRESS_LINE = /^(?:[a-z0-9_]+=|lavfi\.|frame:\d)/;

async function tail(
  stream: ReadableStream<Uint8Array>,
  onProgressLine?: (line: string) => void,
): Promise<string> {
  let end = "";
  await eachLine(stream, (line) => {
    if (onProgressLine && PROGRESS_LINE.test(line)) onProgressLine(line);
    else end = `${end}${line}\n`.slice(-STDERR_BYTES);
  });
  return end.trim();
}

/** Longer lines are truncated: a file can make ffmpeg print an endless line. */
const LINE_CHARS = 64 * 1024;

async function eachLine(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!.slice(-LINE_CHARS);
    for (const line of lines) onLine?.(line);
  }
  if (rest) onLine?.(rest);
}

async function eachChunk(
  stream: ReadableStream<Uint8Array>,
  onBytes: (bytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
  for await (const bytes of stream) await onBytes(bytes);
}
