import { MessageSquare, SmilePlus, Vote } from "lucide-react";
import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useText } from "../../../i18n";
import { Control, type PanelName } from "../../view/ControlBar";
import type { MeetingData } from "../MeetingData";
import { reactions } from "../message";
import { reactionIcons } from "./DataNews";
import { useData } from "./useData";

interface DataControlsProps {
  data: MeetingData;
  panel: PanelName | undefined;
  onPanel: (panel: PanelName) => void;
}

/** Chat, votes and reactions, in the call's controls. */
export function DataControls({ data, panel, onPanel }: DataControlsProps) {
  const { chat } = useText();
  const { unread, unvoted, mayWrite } = useData(data);
  return (
    <>
      <Control
        icon={MessageSquare}
        word={chat.title}
        name={chat.button(unread)}
        count={unread}
        look={panel === "chat" ? "active" : ""}
        expanded={panel === "chat"}
        onPress={() => onPanel("chat")}
      />
      <MenuTrigger>
        <Control
          icon={SmilePlus}
          word={chat.reactions}
          name={[chat.more, ...(unvoted > 0 ? [chat.votesButton(unvoted)] : [])].join(", ")}
          count={unvoted}
        />
        <Popover className="popover" placement="top">
          <Menu
            className="list-box"
            disabledKeys={mayWrite ? [] : reactions}
            onAction={(key) => {
              const what = reactions.find((one) => one === key);
              if (!what) onPanel("votes");
              // What cannot be sent now is not worth a word a moment later.
              else data.reactions.react(what).catch(() => undefined);
            }}
          >
            {reactions.map((what) => {
              const Icon = reactionIcons[what];
              return (
                <MenuItem key={what} id={what} className="list-item">
                  <Icon size={20} aria-hidden="true" />
                  {chat.reaction[what]}
                </MenuItem>
              );
            })}
            <MenuItem id="votes" className="list-item">
              <Vote size={20} aria-hidden="true" />
              {chat.votesButton(unvoted)}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </>
  );
}
