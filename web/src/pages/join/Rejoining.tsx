import { WifiOff } from "lucide-react";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import { MessagePage } from "../MessagePage";

/** The connection was lost; the client is on its way back into the call. */
export function Rejoining({ onLeave }: { onLeave: () => void }) {
  const { rejoining } = useText();
  return (
    <MessagePage icon={WifiOff} title={rejoining.title}>
      <p className="waiting" role="status">
        <span className="spinner" aria-hidden="true" />
        {rejoining.text}
      </p>
      <div className="actions">
        <Button onPress={onLeave}>{rejoining.leave}</Button>
      </div>
    </MessagePage>
  );
}
