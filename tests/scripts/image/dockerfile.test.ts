import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import manifest from "../../../package.json";
import {
  execForm,
  isInContext,
  keyValues,
  parseDockerfile,
} from "../../../scripts/image/dockerfile";

const stages = parseDockerfile(await Bun.file("Dockerfile").text());
const instructions = stages.flatMap((stage) => stage.instructions);
const final = stages.at(-1)!.instructions;
const ignored = await Bun.file(".dockerignore").text();
const of = (keyword: string) => final.filter((one) => one.keyword === keyword);

describe("the Dockerfile", () => {
  test("names a version of its base image, with a digest if there is one", () => {
    const images = stages.map(({ from }) => from).filter((from) => from.includes("/"));

    expect(images).toHaveLength(1);
    expect(images[0]).toMatch(/^oven\/bun:\d+\.\d+\.\d+-slim(@sha256:[0-9a-f]{64})?$/);
    expect(images[0]).toContain(`:${manifest.engines.bun.replace(">=", "")}-`);
  });

  test("copies only files that exist and that .dockerignore lets in", () => {
    const sources = instructions
      .filter(({ keyword, flags }) => keyword === "COPY" && !flags.from)
      .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));

    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
    expect(sources.filter((path) => !isInContext(ignored, path))).toEqual([]);
  });

  test("runs as a user that is not root, named by its number", () => {
    expect(of("USER").map(({ text }) => text)).toEqual(["1000:1000"]);
    const last = final.findLastIndex(({ keyword }) => keyword === "RUN");
    expect(final.findIndex(({ keyword }) => keyword === "USER")).toBeGreaterThan(last);
  });

  test("has a health check that follows ROLE and PORT, and labels with the version", () => {
    expect(execForm(of("HEALTHCHECK")[0]!.text)).toEqual(["bun", "src/commands/health.ts"]);
    const labels = keyValues(of("LABEL")[0]!.text);

    expect(labels["org.opencontainers.image.version"]).toBe(manifest.version);
    expect(labels["org.opencontainers.image.licenses"]).toBe(manifest.license);
    expect(labels["org.opencontainers.image.description"]).toBe(manifest.description);
  });
});

test.each([
  [".env", false],
  ["src/.env.local", false],
  [".git/config", false],
  ["tests/main.test.ts", false],
  ["data/db/PG_VERSION", false],
  ["node_modules/zod/index.js", false],
  ["docs/operations.md", false],
  ["docs/errors.md", true],
  ["src/main.ts", true],
  ["package.json", true],
])("%s is in the build: %p", (path, isIn) => {
  expect(isInContext(ignored, path)).toBe(isIn);
});

test("reads stages, continued lines with comments, flags and the exec form", () => {
  const source = `# first
FROM a/b:1 AS build
RUN one \\
# within
 && two
FROM build
COPY --from=build /x /y
HEALTHCHECK --interval=1s CMD ["a", "b c"]
`;
  const [build, last] = parseDockerfile(source);

  expect(build).toMatchObject({ name: "build", from: "a/b:1" });
  expect(build!.instructions[0]).toEqual({ keyword: "RUN", flags: {}, text: "one && two" });
  expect(last!.from).toBe("build");
  expect(last!.instructions[0]).toMatchObject({ flags: { from: "build" }, text: "/x /y" });
  expect(execForm(last!.instructions[1]!.text)).toEqual(["a", "b c"]);
});

test.each([
  ["RUN x", "before FROM"],
  ["FROM a\nADD x y", "unknown instruction"],
])("refuses %j", (source, message) => {
  expect(() => parseDockerfile(source)).toThrow(message);
});
