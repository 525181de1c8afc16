import { DoorClosed } from "lucide-react";
import { Button } from "../../components/Button";
import { OrganiserMessage } from "../../components/OrganiserMessage";
import { useText } from "../../i18n";
import { MessagePage } from "../MessagePage";

/** An organiser did not let somebody in. */
export function Denied({ message, onRetry }: { message: string; onRetry: () => void }) {
  const { lobby } = useText();
  return (
    <MessagePage icon={DoorClosed} title={lobby.deniedTitle}>
      <p>{lobby.denied}</p>
      <OrganiserMessage text={message} />
      <div className="actions">
        <Button onPress={onRetry}>{lobby.again}</Button>
      </div>
    </MessagePage>
  );
}
