import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../db/access/audit-writer";
import { getBackup, listBackups } from "../db/backup/backups";
import { type BackupRunDeps, startBackup } from "../pipelines/backup/run";
import { recordAudit } from "./http/audit";
import { ById, Id, Time } from "./http/schemas";

const Backup = z
  .object({
    id: Id,
    place: z.string().describe("The folder or bucket"),
    started_at: Time,
    finished_at: Time.nullable().describe("Null while it runs"),
    archive: z.string().nullable().describe("The name of the stored archive"),
    size_bytes: z.int().nullable(),
    rows: z.int().nullable(),
    files: z.int().nullable(),
    missing: z.int().nullable().describe("Files that the storage has lost"),
    changed: z.int().nullable().describe("PDFs that differ from their upload"),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
  })
  .meta({ id: "Backup" });

/** More are of no use to an operator; the archives themselves are in the folder or bucket. */
const LISTED = 100;

type BackupRouteDeps = BackupRunDeps & { audit: AuditWriter; shutdown: AbortSignal };

/** Backups of the whole installation, for administrators. */
export const backupRoutes = (deps: BackupRouteDeps) =>
  new Elysia({ prefix: "/api/backups", tags: ["Operation"] })
    .post(
      "",
      async ({ request, status }) => {
        const backup = await startBackup(deps, deps.shutdown);
        recordAudit(deps.audit, request, { event_type: "backup.started", target: backup.id });
        return status(202, backup);
      },
      {
        response: { 202: Backup },
        detail: {
          summary: "Start a backup of all rows and files",
          description:
            "The archive is stored in BACKUP_TO, and older ones than BACKUP_KEEP are removed there. See docs/backup.md.",
        },
      },
    )
    .get("", async () => ({ items: await listBackups(deps.db, LISTED) }), {
      response: z.object({ items: z.array(Backup) }),
      detail: { summary: "List backups, newest first" },
    })
    .get("/:id", ({ params }) => getBackup(deps.db, params.id), {
      params: ById,
      response: Backup,
      detail: { summary: "Get a backup, running or ended" },
    });
