import { useText } from "../../../i18n";
import { partsOf } from "./links";

/** Text as text. Only a press opens an address, and the page there does not learn from where. */
export function MessageText({ text }: { text: string }) {
  const { chat } = useText();
  return (
    <p className="message-text" dir="auto">
      {partsOf(text).map((part) =>
        part.link ? (
          <button
            key={part.at}
            type="button"
            className="message-link"
            title={chat.openLink(part.text)}
            onClick={() => window.open(part.text, "_blank", "noopener,noreferrer")}
          >
            <bdi>{part.text}</bdi>
          </button>
        ) : (
          part.text
        ),
      )}
    </p>
  );
}
