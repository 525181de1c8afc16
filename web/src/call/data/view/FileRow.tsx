import { FileText } from "lucide-react";
import { ProgressBar } from "react-aria-components";
import { Button } from "../../../components/Button";
import { useLanguage } from "../../../i18n";
import type { Files, OfferedFile } from "../Files";
import { cleanName } from "../fileName";

const UNITS = ["byte", "kilobyte", "megabyte"] as const;

export function sizeText(bytes: number, locale: string): string {
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const format = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[step] as string,
    maximumFractionDigits: step === 2 ? 1 : 0,
  });
  return format.format(bytes / 1000 ** step);
}

/** A file that somebody offers, and what can be done with it. */
export function FileRow({ file, files }: { file: OfferedFile; files: Files }) {
  const { text, locale } = useLanguage();
  const { chat } = text;
  const { offer, state, received } = file;
  const name = cleanName(offer.name);
  return (
    <div className="file-row">
      <p className="file-name">
        <FileText size={20} aria-hidden="true" />
        <bdi>{name}</bdi> <span className="quiet numbers">{sizeText(offer.size, locale)}</span>
      </p>
      <p className={state === "damaged" || state === "failed" ? "person-state bad" : "quiet"}>
        {chat.fileState[state]}
      </p>
      {(state === "receiving" || (state === "waiting" && received > 0)) && (
        <ProgressBar aria-label={chat.fileProgress(name)} value={received} maxValue={offer.size}>
          {({ percentage = 0 }) => (
            <div className="file-progress">
              <div style={{ inlineSize: `${percentage}%` }} />
            </div>
          )}
        </ProgressBar>
      )}
      {file.from.self ? (
        state !== "withdrawn" && (
          <Button aria-label={chat.fileWithdrawNamed(name)} onPress={() => files.withdraw(offer.id)}>
            {chat.fileWithdraw}
          </Button>
        )
      ) : state === "receiving" ? (
        <Button aria-label={chat.fileCancelNamed(name)} onPress={() => files.cancel(offer.id)}>
          {chat.fileCancel}
        </Button>
      ) : (
        (state === "offered" || state === "failed" || state === "damaged") && (
          <>
            <p className="field-hint">{chat.fileUnchecked}</p>
            <Button aria-label={chat.fileTakeNamed(name)} onPress={() => void files.accept(offer.id)}>
              {chat.fileTake}
            </Button>
          </>
        )
      )}
    </div>
  );
}
