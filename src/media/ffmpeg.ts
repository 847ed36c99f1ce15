import { AppError } from "../errors";

/** Formats that recordings and uploads come in. Playlists are missing on purpose: they name other files. */
const FORMATS = "mov,mp3,aac,wav,flac,ogg,matroska,mpegts";

/**
 * Options before `-i`, for a file we did not make. ffmpeg opens a playlist whatever its name is,
 * and follows what it lists; with these it reads one local file of a known kind and nothing else.
 */
export const UNTRUSTED_INPUT = [
  ...["-protocol_whitelist", "file,pipe"],
  ...["-format_whitelist", FORMATS],
];

/** Decoding an hour of sound needs about 80 MB; a file that asks for gigabytes is an attack. */
const ADDRESS_SPACE_BYTES = 2 * 1024 ** 3;
const STDERR_BYTES = 4_096;

/** Learns of every child process, so that a supervisor can end those of a thread that died. */
export type OnSpawn = (pid: number, exited: Promise<unknown>) => void;

export type ToolOptions = {
  signal: AbortSignal;
  /** Wall clock and CPU time after which the tool is killed. */
  timeoutMs: number;
  onLine?: (line: string) => void;
  onSpawn?: OnSpawn;
};

export type ToolResult = {
  exitCode: number;
  /** The end of what the tool printed, at most 4 KB. */
  stderr: string;
};

/**
 * Runs ffmpeg or ffprobe with an empty environment, bounded time and bounded memory, in a process
 * group of its own: a Ctrl-C at the terminal must not cut the job that we are draining.
 *
 * @returns whatever the exit code; the caller knows what a failure means
 * @throws the signal's reason when aborted; AppError `tool_missing`, `tool_killed`
 */
export async function runTool(
  tool: "ffmpeg" | "ffprobe",
  args: string[],
  { signal, timeoutMs, onLine, onSpawn }: ToolOptions,
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
    // ffmpeg answers SIGTERM by finishing its file, which nobody will read.
    killSignal: "SIGKILL",
  });
  onSpawn?.(child.pid, child.exited);

  const [stderr] = await Promise.all([tail(child.stderr), eachLine(child.stdout, onLine)]);
  const exitCode = await child.exited;
  signal.throwIfAborted();
  if (child.signalCode)
    throw new AppError("tool_killed", { tool, signal: child.signalCode, stderr });
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

async function tail(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let end = "";
  for await (const bytes of stream) {
    end = (end + decoder.decode(bytes, { stream: true })).slice(-STDERR_BYTES);
  }
  return end.trim();
}

async function eachLine(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine?.(line);
  }
  if (rest) onLine?.(rest);
}
