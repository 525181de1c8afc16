import { Switch } from "react-aria-components";
import type { RoomState } from "../../api/portal";
import { useText } from "../../i18n";
import type { LeadActions } from "./useLead";

interface RoomSwitchesProps {
  room: RoomState;
  actions: LeadActions;
  act: (done: () => Promise<unknown>) => Promise<boolean>;
}

/** The door, the floor, and what else is everybody's. */
export function RoomSwitches({ room, actions, act }: RoomSwitchesProps) {
  const { lead, floor, people } = useText();
  const switches = [
    { what: "cameras_open", word: floor.cameras, hint: floor.camerasHint },
    // Where the level leaves screens to organisers, there is nothing to switch.
    ...(room.sharing === "everybody"
      ? [{ what: "sharing_open", word: floor.sharing, hint: floor.sharingHint } as const]
      : []),
    { what: "chat_open", word: floor.chat, hint: floor.chatHint },
  ] as const;
  return (
    <fieldset className="room-switches">
      <legend className="hidden-text">{lead.settings}</legend>
      <Switch
        className="switch"
        isSelected={room.locked}
        onChange={(locked) => void act(() => actions.setRoom({ locked }))}
      >
        <span className="switch-track" aria-hidden="true" />
        <span>
          {lead.lock}
          <span className="field-hint">{lead.lockHint}</span>
        </span>
      </Switch>
      <Switch
        className="switch"
        isSelected={room.floor_open}
        onChange={(open) => void act(() => actions.setRoom({ floor_open: open }))}
      >
        <span className="switch-track" aria-hidden="true" />
        <span>
          {lead.floor}
          <span className="field-hint">{lead.floorHint}</span>
          {room.floor_waits && <span className="field-hint">{people.floorWaitsFor(room.missing.join(", "))}</span>}
        </span>
      </Switch>
      {switches.map(({ what, word, hint }) => (
        <Switch
          key={what}
          className="switch"
          isSelected={room[what]}
          onChange={(open) => void act(() => actions.setRoom({ [what]: open }))}
        >
          <span className="switch-track" aria-hidden="true" />
          <span>
            {word}
            <span className="field-hint">{hint}</span>
          </span>
        </Switch>
      ))}
    </fieldset>
  );
}
