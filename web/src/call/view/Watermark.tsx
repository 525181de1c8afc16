import { useEffect, useState } from "react";
import { useLanguage } from "../../i18n";

const MARKS = 12;
const MINUTE_MS = 60_000;

/** The viewer's own name and the time, faint over the picture: whoever photographs the screen signs the photograph. */
export function Watermark({ name }: { name: string }) {
  const { locale } = useLanguage();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  const time = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" }).format(now);
  return (
    <div className="watermark" aria-hidden="true">
      {Array.from({ length: MARKS }, (_, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all the same, and never in another order
        <span key={n}>
          {name} · {time}
        </span>
      ))}
    </div>
  );
}
