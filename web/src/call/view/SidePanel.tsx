import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "../../components/Button";
import { useText } from "../../i18n";

interface SidePanelProps {
  /** What it is to a screen reader. */
  name: string;
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** Beside the stage, or over it on a phone. The focus goes into it, stays while rows come and go, and goes back. */
export function SidePanel({ name, title, onClose, children }: SidePanelProps) {
  const text = useText();
  const panel = useRef<HTMLElement>(null);
  const focused = useRef(false);
  // Whoever is let in or leaves takes the row along, and the focus with it.
  useEffect(() => {
    if (focused.current && document.activeElement === document.body) panel.current?.focus();
  });
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    return () => {
      const opener = before instanceof HTMLElement && before !== document.body ? before : undefined;
      const there = opener?.isConnected ? opener : document.querySelector<HTMLElement>(".controls [aria-expanded]");
      there?.focus();
    };
  }, []);
  return (
    <aside
      className="panel"
      ref={panel}
      tabIndex={-1}
      aria-label={name}
      onFocus={() => {
        focused.current = true;
      }}
      onBlur={(event) => {
        // A button that is busy gives the focus up, too.
        focused.current = event.currentTarget.contains(event.relatedTarget) || event.target.matches(":disabled");
      }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="panel-head">
        <h2>{title}</h2>
        <IconButton name={text.app.close} onPress={onClose}>
          <X aria-hidden="true" />
        </IconButton>
      </div>
      {children}
    </aside>
  );
}
