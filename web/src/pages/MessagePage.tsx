import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Page } from "../components/Page";

/** A page with one thought: what is the case, what to do. */
export function MessagePage({
  icon: Icon,
  title,
  tone = "plain",
  children,
}: {
  icon: LucideIcon;
  title: string;
  tone?: "plain" | "bad";
  children: ReactNode;
}) {
  return (
    <Page title={title}>
      <div className="statement">
        <div className={`statement-icon ${tone}`}>
          <Icon size={32} aria-hidden="true" />
        </div>
        <h1>{title}</h1>
        {children}
      </div>
    </Page>
  );
}
