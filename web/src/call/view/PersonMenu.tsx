import {
  DoorOpen,
  Ellipsis,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  ShieldMinus,
  ShieldPlus,
  UserRoundX,
  Video,
  VideoOff,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { RoomState } from "../../api/portal";
import { useText } from "../../i18n";
import { leads, type Person } from "../model";
import { RefusalDialog } from "./LeadDialogs";
import type { LeadActions } from "./useLead";

interface PersonMenuProps {
  person: Person;
  /** Whether this reader planned the meeting: only then co-organisers are made. */
  organiser: boolean;
  /** Who may share a screen at the meeting's level. */
  sharing: RoomState["sharing"] | undefined;
  actions: LeadActions;
  act: (done: () => Promise<unknown>) => Promise<boolean>;
}

interface Deed {
  id: string;
  word: string;
  icon: ReactNode;
  do: () => Promise<void>;
}

/** What an organiser can do about one person who is inside. */
export function PersonMenu({ person, organiser, sharing, actions, act }: PersonMenuProps) {
  const { lead, floor } = useText();
  const [removing, setRemoving] = useState(false);
  const { identity, name } = person;
  const deeds: (Deed | false)[] = [
    person.microphone && {
      id: "mute",
      word: lead.muteMicrophone,
      icon: <MicOff size={18} aria-hidden="true" />,
      do: () => actions.mute(identity, "microphone"),
    },
    person.camera !== undefined && {
      id: "camera",
      word: lead.stopCamera,
      icon: <VideoOff size={18} aria-hidden="true" />,
      do: () => actions.mute(identity, "camera"),
    },
    person.screen !== undefined && {
      id: "screen",
      word: lead.stopScreen,
      icon: <MonitorX size={18} aria-hidden="true" />,
      do: () => actions.mute(identity, "screen_share"),
    },
    // Whether the floor is closed or open: the word is given and taken for one person, too.
    !leads(person.role) && {
      id: "speech",
      word: person.maySpeak ? lead.speechTake : lead.speechGrant,
      icon: person.maySpeak ? <MicOff size={18} aria-hidden="true" /> : <Mic size={18} aria-hidden="true" />,
      do: () => actions.grantSpeech(identity, !person.maySpeak),
    },
    !leads(person.role) && {
      id: "film",
      word: person.mayFilm ? floor.cameraTake : floor.cameraGrant,
      icon: person.mayFilm ? <VideoOff size={18} aria-hidden="true" /> : <Video size={18} aria-hidden="true" />,
      do: () => actions.grant(identity, "camera", !person.mayFilm),
    },
    !leads(person.role) &&
      sharing !== "organiser" && {
        id: "share",
        word: person.mayShare ? floor.screenTake : floor.screenGrant,
        icon: person.mayShare ? <MonitorX size={18} aria-hidden="true" /> : <MonitorUp size={18} aria-hidden="true" />,
        do: () => actions.grant(identity, "screen", !person.mayShare),
      },
    // The right to it comes with the question; it is the person who switches on.
    !person.microphone && {
      id: "ask-microphone",
      word: floor.askMicrophone,
      icon: <Mic size={18} aria-hidden="true" />,
      do: () => actions.ask(identity, "microphone"),
    },
    person.camera === undefined && {
      id: "ask-camera",
      word: floor.askCamera,
      icon: <Video size={18} aria-hidden="true" />,
      do: () => actions.ask(identity, "camera"),
    },
    // A guest has no account that could lead.
    organiser &&
      person.kind === "member" && {
        id: "role",
        word: person.role === "co_organiser" ? lead.coOrganiserTake : lead.coOrganiserMake,
        icon:
          person.role === "co_organiser" ? (
            <ShieldMinus size={18} aria-hidden="true" />
          ) : (
            <ShieldPlus size={18} aria-hidden="true" />
          ),
        do: () => actions.setCoOrganiser(identity, person.role !== "co_organiser"),
      },
    !leads(person.role) && {
      id: "back",
      word: lead.moveBack,
      icon: <DoorOpen size={18} aria-hidden="true" />,
      do: () => actions.moveBack(identity),
    },
  ];
  const possible = deeds.filter((deed) => deed !== false);
  return (
    <>
      <MenuTrigger>
        <AriaButton className="button plain icon" aria-label={lead.actionsFor(name)}>
          <Ellipsis size={20} aria-hidden="true" />
        </AriaButton>
        <Popover className="popover" placement="bottom end">
          <Menu
            className="list-box"
            onAction={(id) => {
              const deed = possible.find((candidate) => candidate.id === id);
              if (deed) void act(deed.do);
              else setRemoving(true);
            }}
          >
            {possible.map(({ id, word, icon }) => (
              <MenuItem key={id} id={id} className="list-item" textValue={word}>
                {icon}
                {word}
              </MenuItem>
            ))}
            <MenuItem id="remove" className="list-item warn" textValue={lead.remove}>
              <UserRoundX size={18} aria-hidden="true" />
              {lead.remove}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      {removing && (
        <RefusalDialog
          words={{
            title: lead.removeTitle(name),
            action: lead.remove,
            text: lead.removeText,
            ban: lead.removeBan,
            banHint: lead.removeBanHint,
          }}
          onRefuse={(how) => actions.remove(identity, how)}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}
