import {
  Ellipsis,
  Grid2x2,
  Keyboard,
  LogOut,
  type LucideIcon,
  Maximize,
  Mic,
  MicOff,
  Minimize,
  MonitorUp,
  MonitorX,
  Settings,
  SquareUser,
  Users,
  Video,
  VideoOff,
} from "lucide-react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover, Toolbar } from "react-aria-components";
import { useText } from "../../i18n";
import { maySend } from "../cap";
import type { CallState, LocalSource } from "../model";
import type { Layout } from "./Stage";

interface ControlProps {
  icon: LucideIcon;
  word: string;
  name: string;
  look?: "" | "off" | "active" | "leave";
  expanded?: boolean;
  isDisabled?: boolean;
  onPress?: () => void;
}

function Control({ icon: Icon, word, name, look = "", expanded, isDisabled = false, onPress }: ControlProps) {
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
    </AriaButton>
  );
}

export interface ControlBarProps {
  state: CallState;
  layout: Layout;
  peopleOpen: boolean;
  fullscreen: boolean;
  onToggle: (source: LocalSource) => void;
  onPeople: () => void;
  onLayout: () => void;
  onFullscreen: () => void;
  onDevices: () => void;
  onShortcuts: () => void;
  onLeave: () => void;
}

export const canShareScreen = (): boolean => "getDisplayMedia" in (navigator.mediaDevices ?? {});

/** An iPhone lets nothing but a video fill its screen. */
export const canFillScreen = (): boolean => document.fullscreenEnabled;

export function ControlBar(props: ControlBarProps) {
  const text = useText();
  const { sending, people } = props.state;
  const busy = props.state.phase !== "connected";
  const allowed = maySend(props.state.cap);
  const act = (key: unknown) => {
    if (key === "layout") props.onLayout();
    else if (key === "fullscreen") props.onFullscreen();
    else if (key === "devices") props.onDevices();
    else props.onShortcuts();
  };
  return (
    <footer className="controls-frame">
      <Toolbar className="controls" aria-label={text.call.controls}>
        <Control
          icon={sending.microphone ? Mic : MicOff}
          word={text.devices.microphone}
          name={sending.microphone ? text.call.mute : text.call.unmute}
          look={sending.microphone ? "" : "off"}
          isDisabled={busy}
          onPress={() => props.onToggle("microphone")}
        />
        <Control
          icon={sending.camera ? Video : VideoOff}
          word={text.devices.camera}
          name={sending.camera ? text.call.cameraStop : text.call.cameraStart}
          look={sending.camera ? "" : "off"}
          isDisabled={busy || !allowed.camera}
          onPress={() => props.onToggle("camera")}
        />
        {canShareScreen() && (
          <Control
            icon={sending.screen ? MonitorX : MonitorUp}
            word={sending.screen ? text.call.shareStop : text.call.shareWord}
            name={sending.screen ? text.call.shareStop : text.call.share}
            look={sending.screen ? "active" : ""}
            isDisabled={busy || !allowed.screen}
            onPress={() => props.onToggle("screen")}
          />
        )}
        <Control
          icon={Users}
          word={text.call.peopleCount(people.length)}
          name={text.call.peopleCount(people.length)}
          look={props.peopleOpen ? "active" : ""}
          expanded={props.peopleOpen}
          onPress={props.onPeople}
        />
        <MenuTrigger>
          <Control icon={Ellipsis} word={text.call.more} name={text.call.more} />
          <Popover className="popover" placement="top">
            <Menu className="list-box" onAction={act}>
              <MenuItem id="layout" className="list-item">
                {props.layout === "grid" ? (
                  <SquareUser size={20} aria-hidden="true" />
                ) : (
                  <Grid2x2 size={20} aria-hidden="true" />
                )}
                {props.layout === "grid" ? text.call.layoutSpeaker : text.call.layoutGrid}
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
              <MenuItem id="devices" className="list-item">
                <Settings size={20} aria-hidden="true" />
                {text.devices.settings}
              </MenuItem>
              <MenuItem id="shortcuts" className="list-item">
                <Keyboard size={20} aria-hidden="true" />
                {text.call.shortcuts}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
        <Control icon={LogOut} word={text.call.leave} name={text.call.leave} look="leave" onPress={props.onLeave} />
      </Toolbar>
    </footer>
  );
}
