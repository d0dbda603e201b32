/** Sending chosen files: batch by batch under one upload id, each batch tried again when the network fails. */
import { api } from "../api/client";
import { asApiError } from "../api/errors";
import type { Id } from "../api/types";
import { batches, type Chosen, totalBytes } from "./files";

const TRIES = 4;

export async function upload(cohort: Id, chosen: Chosen[], onProgress: (sent: number) => void): Promise<Id> {
  let id: Id | null = null;
  let sent = 0;
  for (const batch of batches(chosen)) {
    id = await send(cohort, batch, id);
    sent += totalBytes(batch);
    onProgress(sent);
  }
  if (!id) throw new Error("There are no files in what you chose.");
  return id;
}

async function send(cohort: Id, batch: Chosen[], id: Id | null): Promise<Id> {
  for (let attempt = 1; ; attempt++) {
    const form = new FormData();
    if (id) form.append("upload_id", id);
    for (const { file, path } of batch) {
      form.append("relative_path", path);
      form.append("file", file, file.name);
    }
    try {
      return (await api.post<{ upload_id: Id }>(`/cohorts/${cohort}/uploads`, form)).upload_id;
    } catch (problem) {
      if (!asApiError(problem).retryable || attempt === TRIES) throw problem;
      await new Promise((done) => setTimeout(done, 1000 * 2 ** attempt));
    }
  }
}
