import { MessageSquareText } from "lucide-react";
import { useText } from "../i18n";

/** What an organiser wrote to one person; nothing when nothing was written. */
export function OrganiserMessage({ text }: { text: string | undefined }) {
  const { lobby } = useText();
  if (!text) return null;
  return (
    <div className="organiser-message">
      <MessageSquareText size={20} aria-hidden="true" />
      <div className="stack-small">
        <strong>{lobby.message}</strong>
        <p>
          <bdi>{text}</bdi>
        </p>
      </div>
    </div>
  );
}
