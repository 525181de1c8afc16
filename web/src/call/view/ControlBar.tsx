import {
  AudioLines,
  Bell,
  BellOff,
  CircleX,
  Ellipsis,
  Grid2x2,
  Hand,
  Keyboard,
  LogOut,
  type LucideIcon,
  Maximize,
  Mic,
  MicOff,
  Minimize,
  MonitorUp,
  MonitorX,
  OctagonX,
  Settings,
  SquareUser,
  Users,
  Video,
  VideoOff,
} from "lucide-react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover, Toolbar } from "react-aria-components";
import { useText } from "../../i18n";
import { maySend } from "../cap";
import type { MeetingData } from "../data/MeetingData";
import { DataControls } from "../data/view/DataControls";
import type { CallState, LocalSource } from "../model";
import type { CallViewing } from "./useCallViewing";
import { ViewItems } from "./ViewItems";

interface ControlProps {
  icon: LucideIcon;
  word: string;
  name: string;
  look?: "" | "off" | "active" | "leave";
  expanded?: boolean;
  isDisabled?: boolean;
  /** A number that is to be noticed. */
  count?: number;
  onPress?: () => void;
}

export function Control({
  icon: Icon,
  word,
  name,
  look = "",
  expanded,
  isDisabled = false,
  count = 0,
  onPress,
}: ControlProps) {
  return (
    <AriaButton
      className={`control ${look}`}
      aria-label={name}
      isDisabled={isDisabled}
      {...(onPress ? { onPress } : {})}
      {...(expanded === undefined ? {} : { "aria-expanded": expanded })}
    >
      <Icon size={22} aria-hidden="true" />
      <span className="control-word">{word}</span>
      {count > 0 && (
        <span className="control-count" aria-hidden="true">
          {count}
        </span>
      )}
    </AriaButton>
  );
}

/** Beside the stage; one is open at a time. */
export const panels = ["people", "chat", "votes"] as const;
export type PanelName = (typeof panels)[number];

export const isPanel = (what: string): what is PanelName => panels.some((panel) => panel === what);

export interface ControlBarProps {
  state: CallState;
  viewing: CallViewing;
  onNoise: () => void;
  /** The one that is open. */
  panel: PanelName | undefined;
  /** What members tell each other. */
  data: MeetingData | undefined;
  fullscreen: boolean;
  /** How many wait to be let in, for those who may do that. */
  waiting: number;
  /** Signals for arrivals are played. */
  signals: boolean;
  onToggle: (source: LocalSource) => void;
  onPanel: (panel: PanelName) => void;
  onLayout: () => void;
  onFullscreen: () => void;
  onDevices: () => void;
  onShortcuts: () => void;
  onSignals: () => void;
  onLeave: () => void;
  onHand: (up: boolean) => void;
  /** Given to those who lead: stops everything. */
  onStop: (() => void) | undefined;
  /** Given to those who may end the meeting for everybody. */
  onEnd: (() => void) | undefined;
}

export const canShareScreen = (): boolean => "getDisplayMedia" in (navigator.mediaDevices ?? {});

/** An iPhone lets nothing but a video fill its screen. */
export const canFillScreen = (): boolean => document.fullscreenEnabled;

export function ControlBar(props: ControlBarProps) {
  const text = useText();
  const { sending, people, maySpeak, mayFilm } = props.state;
  const handUp = people.some(({ self, hand }) => self && hand !== undefined);
  const busy = props.state.phase !== "connected";
  const allowed = maySend(props.state.cap);
  const { layout } = props.viewing.choices;
  const act = (key: unknown) => {
    if (key === "layout") props.onLayout();
    else if (key === "fullscreen") props.onFullscreen();
    else if (key === "devices") props.onDevices();
    else if (key === "signals") props.onSignals();
    else if (key === "shortcuts") props.onShortcuts();
  };
  return (
    <footer className="controls-frame">
      <Toolbar className="controls" aria-label={text.call.controls}>
        <Control
          icon={sending.microphone ? Mic : MicOff}
          word={maySpeak ? text.devices.microphone : text.call.floorClosed}
          name={maySpeak ? (sending.microphone ? text.call.mute : text.call.unmute) : text.call.floorClosed}
          look={sending.microphone ? "" : "off"}
          isDisabled={busy || !maySpeak}
          onPress={() => props.onToggle("microphone")}
        />
        <Control
          icon={sending.camera ? Video : VideoOff}
          word={mayFilm ? text.devices.camera : text.floor.cameraClosed}
          name={mayFilm ? (sending.camera ? text.call.cameraStop : text.call.cameraStart) : text.floor.cameraClosed}
          look={sending.camera ? "" : "off"}
          isDisabled={busy || !allowed.camera || !mayFilm}
          onPress={() => props.onToggle("camera")}
        />
        {canShareScreen() && (
          <Control
            icon={sending.screen ? MonitorX : MonitorUp}
            word={sending.screen ? text.call.shareStop : text.call.shareWord}
            name={sending.screen ? text.call.shareStop : text.call.share}
            look={sending.screen ? "active" : ""}
            isDisabled={busy || !props.state.mayShare}
            onPress={() => props.onToggle("screen")}
          />
        )}
        <Control
          icon={Hand}
          word={text.floor.handWord}
          name={handUp ? text.floor.handDown : text.floor.hand}
          look={handUp ? "active" : ""}
          isDisabled={busy}
          onPress={() => props.onHand(!handUp)}
        />
        {props.onStop && (
          <Control icon={OctagonX} word={text.floor.stopWord} name={text.floor.stop} onPress={props.onStop} />
        )}
        <Control
          icon={Users}
          word={text.call.peopleCount(people.length)}
          name={[
            text.call.peopleCount(people.length),
            ...(props.waiting > 0 ? [text.lead.waitingCount(props.waiting)] : []),
          ].join(", ")}
          count={props.waiting}
          look={props.panel === "people" ? "active" : ""}
          expanded={props.panel === "people"}
          onPress={() => props.onPanel("people")}
        />
        {props.data && <DataControls data={props.data} panel={props.panel} onPanel={props.onPanel} />}
        <MenuTrigger>
          <Control icon={Ellipsis} word={text.call.more} name={text.call.more} />
          <Popover className="popover" placement="top">
            <Menu className="list-box" onAction={act}>
              <MenuItem id="layout" className="list-item">
                {layout === "grid" ? (
                  <SquareUser size={20} aria-hidden="true" />
                ) : (
                  <Grid2x2 size={20} aria-hidden="true" />
                )}
                {layout === "grid" ? text.call.layoutSpeaker : text.call.layoutGrid}
              </MenuItem>
              {canFillScreen() && (
                <MenuItem id="fullscreen" className="list-item">
                  {props.fullscreen ? (
                    <Minimize size={20} aria-hidden="true" />
                  ) : (
                    <Maximize size={20} aria-hidden="true" />
                  )}
                  {props.fullscreen ? text.call.fullscreenEnd : text.call.fullscreen}
                </MenuItem>
              )}
              <ViewItems viewing={props.viewing} />
              <MenuItem id="noise" className="list-item" onAction={props.onNoise}>
                <AudioLines size={20} aria-hidden="true" />
                {props.state.noise === "on" ? text.media.noiseOff : text.media.noiseOn}
              </MenuItem>
              <MenuItem id="devices" className="list-item">
                <Settings size={20} aria-hidden="true" />
                {text.devices.settings}
              </MenuItem>
              <MenuItem id="signals" className="list-item">
                {props.signals ? <BellOff size={20} aria-hidden="true" /> : <Bell size={20} aria-hidden="true" />}
                {props.signals ? text.call.soundsOff : text.call.soundsOn}
              </MenuItem>
              <MenuItem id="shortcuts" className="list-item">
                <Keyboard size={20} aria-hidden="true" />
                {text.call.shortcuts}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
        {props.onEnd ? (
          <MenuTrigger>
            <Control icon={LogOut} word={text.call.leave} name={text.call.leave} look="leave" />
            <Popover className="popover" placement="top end">
              <Menu className="list-box" onAction={(key) => (key === "end" ? props.onEnd?.() : props.onLeave())}>
                <MenuItem id="leave" className="list-item">
                  <LogOut size={20} aria-hidden="true" />
                  {text.lead.leaveOnly}
                </MenuItem>
                <MenuItem id="end" className="list-item warn">
                  <CircleX size={20} aria-hidden="true" />
                  {text.lead.endAll}
                </MenuItem>
              </Menu>
            </Popover>
          </MenuTrigger>
        ) : (
          <Control icon={LogOut} word={text.call.leave} name={text.call.leave} look="leave" onPress={props.onLeave} />
        )}
      </Toolbar>
    </footer>
  );
}
