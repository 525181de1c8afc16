import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

const icons = { plain: Info, warn: TriangleAlert, bad: CircleAlert };

/** Something the reader should know now. Bad news interrupts a screen reader, the rest waits its turn. */
export function Notice({
  tone = "plain",
  title,
  children,
}: {
  tone?: keyof typeof icons;
  title?: string;
  children: ReactNode;
}) {
  const Icon = icons[tone];
  return (
    <div className={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <Icon size={20} aria-hidden="true" />
      <div className="notice-body">
        {title && <strong>{title}</strong>}
        <div>{children}</div>
      </div>
    </div>
  );
}
