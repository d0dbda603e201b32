/**
 * Sending chosen files: in pieces, batch by batch under one upload id. Each batch is tried again when the
 * network fails, and whoever chooses the same files after a failure or a reload goes on where it stopped.
 */
import { api } from "../api/client";
import { ApiError, asApiError } from "../api/errors";
import type { Id, UploadContent } from "../api/types";
import { t } from "../i18n/t";
import { batches, type Chosen, fingerprint, missing, type Piece, pieces, totalBytes } from "./files";

const TRIES = 4;

export async function upload(cohort: Id, chosen: Chosen[], onProgress: (sent: number) => void): Promise<Id> {
  const key = `harvest.upload.${cohort}.${fingerprint(chosen)}`;
  let id = localStorage.getItem(key);
  const here = id ? await received(id) : null;
  if (!here) id = null;
  const wanted = missing(pieces(chosen), here ?? new Map());
  let sent = totalBytes(chosen) - bytesOf(wanted);
  onProgress(sent);
  for (const batch of batches(wanted)) {
    id = await send(cohort, batch, id);
    localStorage.setItem(key, id);
    sent += bytesOf(batch);
    onProgress(sent);
  }
  if (!id) throw new Error(t("There are no files in what you chose."));
  localStorage.removeItem(key);
  return id;
}

function bytesOf(some: readonly Piece[]): number {
  return some.reduce((sum, piece) => sum + piece.size, 0);
}

/** The bytes of each file that are there already; null where the upload is gone. */
async function received(id: Id): Promise<Map<string, number> | null> {
  try {
    const { files } = await api.get<UploadContent>(`/uploads/${id}`);
    return new Map(files.map((file) => [file.relative_path, file.bytes]));
  } catch (problem) {
    if (asApiError(problem).status === 404) return null;
    throw problem;
  }
}

async function send(cohort: Id, batch: Piece[], id: Id | null): Promise<Id> {
  for (let attempt = 1; ; attempt++) {
    const form = new FormData();
    if (id) form.append("upload_id", id);
    for (const { file, path, offset, size } of batch) {
      form.append("relative_path", path);
      form.append("offset", String(offset));
      form.append("file", file.slice(offset, offset + size), file.name);
    }
    try {
      return (await api.post<{ upload_id: Id }>(`/cohorts/${cohort}/uploads`, form)).upload_id;
    } catch (problem) {
      const error = asApiError(problem);
      if (!error.retryable) throw problem;
      if (attempt === TRIES)
        throw new ApiError(
          error.status,
          error.code,
          `${error.message} ${t("Choose the same files again to go on where it stopped.")}`,
        );
      await new Promise((done) => setTimeout(done, 1000 * 2 ** attempt));
    }
  }
}
