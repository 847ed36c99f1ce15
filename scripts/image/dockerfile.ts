/** One instruction of a Dockerfile, with the flags (`--from=x`) taken out of its arguments. */
export type DockerInstruction = {
  keyword: string;
  flags: Record<string, string>;
  /** The rest of the line; continued lines are joined. */
  text: string;
};

export type DockerStage = {
  name: string;
  /** The name of an earlier stage, or an image. */
  from: string;
  instructions: DockerInstruction[];
};

const KEYWORDS = new Set(
  "ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN USER VOLUME WORKDIR".split(" "),
);

/**
 * The stages of a Dockerfile, in order.
 *
 * @throws Error for an instruction that this parser does not know
 */
export function parseDockerfile(source: string): DockerStage[] {
  const stages: DockerStage[] = [];
  for (const line of joinLines(source)) {
    const instruction = parseInstruction(line);
    if (instruction.keyword !== "FROM") {
      if (stages.length === 0) throw new Error(`${instruction.keyword} comes before FROM`);
      stages.at(-1)!.instructions.push(instruction);
      continue;
    }
    const [, from, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.text) ?? [];
    if (!from) throw new Error(`FROM ${instruction.text} cannot be read`);
    stages.push({ name: name ?? String(stages.length), from, instructions: [] });
  }
  return stages;
}

/** Comments are removed, also within a continued line; a backslash joins a line with the next one. */
function joinLines(source: string): string[] {
  const lines = source.split("\n").filter((line) => !/^\s*#/.test(line));
  return lines
    .join("\n")
    .replaceAll(/\s*\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

function parseInstruction(line: string): DockerInstruction {
  const [, keyword = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
  if (!KEYWORDS.has(keyword)) throw new Error(`unknown instruction: ${line}`);
  const flags: Record<string, string> = {};
  let text = rest;
  for (;;) {
    const [whole, name, value] = /^--([a-z-]+)=(\S+)\s+/.exec(text) ?? [];
    if (!whole) return { keyword, flags, text };
    flags[name!] = value!;
    text = text.slice(whole.length);
  }
}

/** The words of an instruction in exec form, such as `CMD ["bun", "src/main.ts"]`. */
export function execForm(text: string): string[] {
  const words: unknown = JSON.parse(text.replace(/^CMD\s+/, ""));
  if (!Array.isArray(words) || words.some((word) => typeof word !== "string")) {
    throw new Error(`must be in exec form: ${text}`);
  }
  return words;
}

/** `A=1 B="two words"` of ENV and LABEL. */
export const keyValues = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)].map(([, name, quoted, plain]) => [
      name!,
      quoted ?? plain!,
    ]),
  );

/** Whether a `.dockerignore` lets a path into the build. The last matching line decides. */
export function isInContext(ignoreFile: string, path: string): boolean {
  let isIn = true;
  for (const line of ignoreFile.split("\n").map((one) => one.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const keeps = line.startsWith("!");
    const glob = new Bun.Glob(keeps ? line.slice(1) : line);
    // A pattern also covers all that is below the folder that it names.
    const parts = path.split("/");
    if (parts.some((_, i) => glob.match(parts.slice(0, i + 1).join("/")))) isIn = keeps;
  }
  return isIn;
}
