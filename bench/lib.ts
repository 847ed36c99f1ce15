import { randomBytes } from "node:crypto";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { connect } from "../src/db/client";

export const PROJECT = join(import.meta.dir, "..");

/** A Markdown table, ready for a document; numbers stand on the right. */
export function toTable(rows: Record<string, string | number>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const line = (cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
  const rule = names.map((name) => (typeof rows[0]![name] === "number" ? "---:" : "---"));
  const body = rows.map((row) => line(names.map((name) => row[name] ?? "")));
  return [line(names), line(rule), ...body].join("\n");
}

/** The value that a share `q` (0 to 1) of the values does not exceed. */
export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** What the figures were taken on, for the line above a table. Load beside the benchmark spoils them. */
export function describeMachine(): string {
  const [{ model = "unknown" } = {}, ...others] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  const load = loadavg()[0]!.toFixed(1);
  return `${day}, Bun ${Bun.version}, ${others.length + 1} × ${model.trim()}, load ${load} at the start`;
}

export type NativeDatabase = { url: string; close(): Promise<void> };

/** An empty database on the server of `scripts/postgres`; null, with its reason on stderr, without one. */
export async function createNativeDatabase(): Promise<NativeDatabase | null> {
  const start = Bun.spawnSync([join(PROJECT, "scripts/postgres"), "start"], { stderr: "inherit" });
  if (start.exitCode !== 0) return null;
  const server = new URL(start.stdout.toString().trim().split("\n").at(-1)!);
  const name = `lectern_bench_${randomBytes(6).toString("hex")}`;
  const asAdmin = async (run: (sql: ReturnType<typeof connect>) => PromiseLike<unknown>) => {
    const sql = connect(server.href, { max: 1 });
    await run(sql);
    await sql.end();
  };

  await asAdmin((sql) => sql`create database ${sql(name)}`);
  const url = Object.assign(new URL(server), { pathname: name }).href;
  const close = () => asAdmin((sql) => sql`drop database ${sql(name)} with (force)`);
  return { url, close };
}

/** Memory of a process in bytes: now (`VmRSS`), or the most so far (`VmHWM`); children are not in it. */
export async function residentBytes(
  pid: number,
  what: "VmRSS" | "VmHWM" = "VmRSS",
): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1_024;
}
