/** A release as files: asked for in a format, made by a worker, then downloaded. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import type { ExportFormat, Id, ReleaseExport } from "../api/types";
import { bytes } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { active, ErrorLine, Progress } from "../app/ui";
import { t } from "../i18n/t";

const POLL_MS = 700;
/** Made in a moment and opened by hand most often, so they have buttons of their own. */
const AT_HAND = ["coco", "csv"];
const STAGES: Record<string, string> = {
  "": t("waiting for a worker"),
  writing: t("writing"),
  checking: t("reading it back"),
  packing: t("packing"),
};

export function ReleaseExports({ release, formats }: { release: Id; formats: ExportFormat[] }) {
  const [asked, setAsked] = useState<{ format: string; images: boolean } | null>(null);
  const [chosen, setChosen] = useState("nndetection");
  const [images, setImages] = useState(true);
  const format = formats.find((one) => one.name === chosen);
  const withImages = images || (format?.needs_images ?? false);
  return (
    <>
      <a class="button small" href={`/api/v1/releases/${release}/card`} download data-testid="release-card">
        {t("Card")}
      </a>{" "}
      {formats
        .filter((one) => AT_HAND.includes(one.name))
        .map((one) => (
          <button
            key={one.name}
            type="button"
            class="small"
            title={one.title}
            onClick={() => setAsked({ format: one.name, images: false })}
            data-testid={`export-${one.name}`}
          >
            {one.name.toUpperCase()}
          </button>
        ))}{" "}
      <select
        aria-label={t("Format")}
        value={chosen}
        onChange={(e) => setChosen(e.currentTarget.value)}
        data-testid="export-format"
      >
        {formats.map((one) => (
          <option key={one.name} value={one.name}>
            {one.title}
          </option>
        ))}
      </select>{" "}
      <label class="inline">
        <input
          type="checkbox"
          checked={withImages}
          disabled={format?.needs_images}
          onChange={() => setImages(!images)}
        />{" "}
        {t("with images")}
      </label>{" "}
      <button
        type="button"
        class="small"
        onClick={() => setAsked({ format: chosen, images: withImages })}
        data-testid="export-other"
      >
        {t("Download")}
      </button>
      {asked && (
        <Making
          key={`${asked.format} ${asked.images}`}
          release={release}
          {...asked}
          onEnd={() => setAsked(null)}
        />
      )}
    </>
  );
}

interface MakingProps {
  release: Id;
  format: string;
  images: boolean;
  onEnd: () => void;
}

/** Asks for it, says how far it is, and starts the download when it is there. */
function Making({ release, format, images, onEnd }: MakingProps) {
  const action = useAction();
  const [id, setId] = useState<Id | null>(null);
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    void action.run(async () => {
      const made = await api.post<ReleaseExport>(`/releases/${release}/exports`, { format, images });
      setId(made.id);
    });
  }, []);
  const made = useLoad(
    async () => (id ? api.get<ReleaseExport>(`/exports/${id}`) : null),
    [id],
    (row) => (!row || active(row.state) ? POLL_MS : null),
  );
  const state = made.data?.state;
  useEffect(() => {
    if (state !== "succeeded") return;
    link.current?.click();
    const gone = setTimeout(onEnd, 4000);
    return () => clearTimeout(gone);
  }, [state]);
  const row = made.data;
  return (
    <div data-testid="export-state" data-state={state ?? ""}>
      <ErrorLine error={action.error ?? made.error} />
      {row && active(row.state) && (
        <span class="muted">
          {STAGES[row.stage ?? ""]} <Progress done={row.done!} total={row.total!} label={t("Export")} />
        </span>
      )}
      {row?.error && <p class="error">{row.error.message}</p>}
      {row?.state === "succeeded" && (
        <a ref={link} href={`/api/v1/exports/${row.id}/file`} download class="muted" title={row.sha256}>
          {row.file_name} ({bytes(row.size_bytes!)})
        </a>
      )}
    </div>
  );
}
